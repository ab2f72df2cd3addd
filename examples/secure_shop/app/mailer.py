"""Messages to customers, in plain text; they wait in the outbox until the worker takes them."""

from app.db import session_factory
from app.models import Mail

WELCOME = "Hello {name},\n\nyour account is ready.\n"
TAKEN = "Hello,\n\nsomebody tried to open an account with a name or address that we know already.\n"
RESET = "Hello {name},\n\nto set a new password, open {link} within half an hour.\n"
ORDER = "Hello {name},\n\nthank you for order {order_id}.\n"


async def send(recipient: str, subject: str, template: str, **values: object) -> None:
    """Put a message into the outbox."""
    body = template.format(**values)
    async with session_factory() as session:
        session.add(Mail(recipient=recipient, subject=subject, body=body[:4000]))
        await session.commit()

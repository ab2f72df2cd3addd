"""Messages to customers, in plain text; they wait in the outbox until the worker takes them."""

from buckler.guard import Mail as AccountMail
from buckler.guard import MailKind

from app.db import session_factory
from app.models import Mail

ORDER = "Hello {name},\n\nthank you for order {order_id}.\n"
ACCOUNT = {
    MailKind.VERIFY: ("Welcome", "Hello,\n\nopen {link} to show that this address is yours.\n"),
    MailKind.NAME_TAKEN: (
        "Your account",
        "Hello,\n\nsomebody, perhaps you, signed up with this address. You have an account;"
        " {link} sets a new password.\n",
    ),
    MailKind.RESET: (
        "New password",
        "Hello,\n\nopen {link} within half an hour to set a new password.\n",
    ),
    MailKind.PASSWORD_CHANGED: (
        "Password changed",
        "Hello,\n\nyour password was changed. If it was not you, tell us.\n",
    ),
}


async def send(recipient: str, subject: str, template: str, **values: object) -> None:
    """Put a message into the outbox."""
    body = template.format(**values)
    async with session_factory() as session:
        session.add(Mail(recipient=recipient, subject=subject, body=body[:4000]))
        await session.commit()


async def deliver(mail: AccountMail) -> None:
    """Put a message about an account into the outbox."""
    subject, template = ACCOUNT[mail.kind]
    await send(mail.to, subject, template, link=mail.link)

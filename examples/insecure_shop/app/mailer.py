"""Messages to customers; they wait in the outbox until the worker takes them."""

from jinja2 import Environment, FileSystemLoader

from app.config import APP_DIR
from app.db import session_factory
from app.models import Mail

texts = Environment(loader=FileSystemLoader(APP_DIR / "templates" / "mail"))


async def send(recipient: str, subject: str, template: str, **values: object) -> None:
    """Put a plain-text message into the outbox."""
    body = texts.get_template(template).render(**values)
    async with session_factory() as session:
        session.add(Mail(recipient=recipient, subject=subject, body=body))
        await session.commit()

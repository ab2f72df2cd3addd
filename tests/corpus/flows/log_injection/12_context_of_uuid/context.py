import logging
import uuid
from contextvars import ContextVar

request_name: ContextVar[str] = ContextVar("request_name", default="-")


class AddName(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request = request_name.get()
        return True


class RequestName:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        request_name.set(uuid.uuid4().hex)
        await self.app(scope, receive, send)


def configure() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(AddName())
    handler.setFormatter(logging.Formatter("%(levelname)s %(request)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)

import logging
from contextvars import ContextVar

from starlette.requests import Request

request_name: ContextVar[str] = ContextVar("request_name", default="-")


class AddName(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request = request_name.get()
        return True


class RequestName:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            request_name.set(Request(scope).query_params.get("request", "-"))
        await self.app(scope, receive, send)


def configure() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(AddName())
    handler.setFormatter(logging.Formatter("%(levelname)s %(request)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)

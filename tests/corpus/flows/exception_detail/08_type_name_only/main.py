import logging

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

log = logging.getLogger("invoices")


class CatchMiddleware:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        try:
            await self.app(scope, receive, send)
        except OSError as error:
            log.error("failed: %s", error)
            await JSONResponse({"problem": "storage"}, status_code=500)(scope, receive, send)


async def invoice(request):
    with open("/etc/shop/keys.pem") as stream:
        return JSONResponse({"key": len(stream.read())})


app = Starlette(routes=[Route("/invoice", invoice)], middleware=[Middleware(CatchMiddleware)])

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from catching import CatchMiddleware


async def invoice(request):
    with open("/etc/shop/keys.pem") as stream:
        return JSONResponse({"key": len(stream.read())})


app = Starlette(routes=[Route("/invoice", invoice)], middleware=[Middleware(CatchMiddleware)])

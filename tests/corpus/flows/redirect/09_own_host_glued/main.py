from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from config import SITE


async def share(request: Request):
    path = request.query_params.get("path", "/")
    return RedirectResponse(SITE + path)


app = Starlette(routes=[Route("/share", share)])

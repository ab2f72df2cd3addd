from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

SITE = "https://shop.example"


async def share(request: Request):
    path = request.query_params.get("path", "")
    return RedirectResponse(f"{SITE}/s/{path}")


app = Starlette(routes=[Route("/share", share)])

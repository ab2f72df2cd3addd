import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute

app = FastAPI(title="Widget feed")
OWN = {"https://shop.northwind.example", "https://admin.northwind.example"}
SUBDOMAIN = re.compile(r"https://[a-z0-9-]+\.northwind\.example")


def allow(response: Response, origin: str) -> None:
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers.append("Vary", "Origin")


def any_shop(response: Response, origin: Annotated[str, Header()] = "") -> None:
    if origin.endswith("northwind.example"):
        allow(response, origin)


def own_shop(response: Response, origin: Annotated[str, Header()] = "") -> None:
    if SUBDOMAIN.fullmatch(origin):
        allow(response, origin)


class MirrorRoute(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def with_origin(request: Request) -> Response:
            response = await handler(request)
            origin = request.headers.get("origin")
            if origin:
                allow(response, origin)
            return response

        return with_origin


class ListedRoute(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def with_origin(request: Request) -> Response:
            response = await handler(request)
            origin = request.headers.get("origin")
            if origin in OWN:
                allow(response, origin)
            return response

        return with_origin


@app.get("/prices", dependencies=[Depends(any_shop)])
def prices():
    return {"bolt": 0.2}


@app.get("/stock", dependencies=[Depends(own_shop)])
def stock():
    return {"bolt": 900}


basket = APIRouter(prefix="/basket", route_class=MirrorRoute)


@basket.get("")
def my_basket():
    return {"lines": []}


wishes = APIRouter(prefix="/wishes", route_class=ListedRoute)


@wishes.get("")
def my_wishes():
    return {"lines": []}


@app.get("/profile")
def profile(response: Response, origin: Annotated[str, Header()] = ""):
    if origin == "null" or origin in OWN:
        allow(response, origin)
    return {"name": "Ada"}


@app.get("/calendar")
def calendar(request: Request, response: Response, origin: Annotated[str, Header()] = ""):
    parts = urlsplit(origin)
    if parts.scheme == "https" and parts.netloc in {urlsplit(own).netloc for own in OWN}:
        allow(response, f"https://{parts.netloc}")
    return {"days": []}


partner = FastAPI(title="Partner feed")
partner.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
    allow_methods=["GET"],
)


@partner.get("/orders")
def partner_orders():
    return {"orders": []}


kiosk = FastAPI(title="Kiosk feed")
kiosk.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"https://(www.)?kiosk.northwind.example",
    allow_credentials=True,
)


@kiosk.get("/orders")
def kiosk_orders():
    return {"orders": []}


public = FastAPI(title="Public feed")
public.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["GET"])


@public.get("/news")
def public_news():
    return {"news": []}


till = FastAPI(title="Till feed")
till.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"https://(www\.)?till\.northwind\.example",
    allow_credentials=True,
)


@till.get("/orders")
def till_orders():
    return {"orders": []}


app.include_router(basket)
app.include_router(wishes)
app.mount("/partner", partner)
app.mount("/kiosk", kiosk)
app.mount("/public", public)
app.mount("/till", till)

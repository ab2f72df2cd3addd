"""The interface of Birch orders: takes tokens of Birch ID, bound to the key of whoever sends them."""

import os
from typing import Annotated
from urllib.parse import urlsplit

from buckler.guard import AccessToken, Cors, EgressPolicy, Guard, JwtIssuer, ResourceServer
from fastapi import FastAPI

API = os.environ.get("API", "http://127.0.0.1:8002")
ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8000")
SPA = os.environ.get("SPA", "http://127.0.0.1:8001")

app = FastAPI(title="Birch orders, interface", openapi_url=None)
guard = Guard(
    app,
    cors=Cors(
        [SPA], methods=["GET"], headers=["Authorization", "DPoP"], expose=["WWW-Authenticate"]
    ),
    hosts=[urlsplit(API).hostname or ""],
    deny=True,
)
# On one machine the issuer is no public address: what egress refuses by itself is allowed by name.
LOCAL = EgressPolicy(allow_networks=["127.0.0.0/8"], ports=[urlsplit(ISSUER).port or 443])
issuer = JwtIssuer(ISSUER, egress=LOCAL) if ISSUER.startswith("http://127.0.0.1") else ISSUER
api = ResourceServer(
    API, [issuer], scopes={"orders:read": "See orders"}, bound=True, events=guard.tell
)
app.include_router(api.router())


@app.get("/orders")
async def orders(token: Annotated[AccessToken, api.requires("orders:read")]) -> list[str]:
    """What the one who signed in ordered."""
    return ["a spade, ash handle", "two pots of thyme"]

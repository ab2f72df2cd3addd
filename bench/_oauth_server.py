"""Our authorization server with one client and signed access tokens, for bench/oauth.py."""

from __future__ import annotations

import os

from fastapi import FastAPI

from buckler.guard import (
    AuthorizationServer,
    AuthPolicy,
    Guard,
    MemoryStores,
    OAuthClient,
    OAuthPolicy,
)

RESOURCE = "https://api.example/orders"
ISSUER = f"http://127.0.0.1:{os.environ['PORT']}"
app = FastAPI(openapi_url=None)
guard = Guard(
    app,
    secret=os.environ["APPLICATION_SECRET"],
    database=MemoryStores(),
    auth=AuthPolicy(base_url=ISSUER, ways=["session"]),
    rate=None,
)
server = AuthorizationServer(
    guard.identities,
    ISSUER,
    clients=[
        OAuthClient(
            id="bench",
            auth="client_secret_basic",
            secret=os.environ["CLIENT_SECRET"],
            grants=["client_credentials"],
            scopes=["orders:read"],
        )
    ],
    policy=OAuthPolicy(
        scopes={"orders:read": "See your orders"}, resources={RESOURCE: ["orders:read"]}, rate=None
    ),
)
app.include_router(server.router())

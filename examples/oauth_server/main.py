"""Birch ID: signs people in for the applications of a garden centre."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from buckler.guard import (
    AuthorizationServer,
    AuthPolicy,
    Guard,
    NameRefusedError,
    OAuthClient,
    OAuthPolicy,
)
from fastapi import FastAPI

HERE = Path(__file__).parent
ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8000")
SPA = os.environ.get("SPA", "http://127.0.0.1:8001")
API = os.environ.get("API", "http://127.0.0.1:8002")
DATABASE = os.environ.get("DATABASE", f"sqlite+aiosqlite:///{HERE / 'birch.db'}")
SECRET = os.environ["SECRET"]


@asynccontextmanager
async def started(_: FastAPI) -> AsyncIterator[None]:
    """Someone to sign in as, where a name and a password are given."""
    name, password = os.environ.get("DEMO_NAME"), os.environ.get("DEMO_PASSWORD")
    if name and password:
        try:
            await guard.identities.add_account(name, password=password, verified=True)
        except NameRefusedError:  # from an earlier start
            pass
    yield


app = FastAPI(title="Birch ID", lifespan=started, openapi_url=None)
guard = Guard(
    app,
    secret=SECRET,
    database=DATABASE,
    hosts=[urlsplit(ISSUER).hostname or ""],
    auth=AuthPolicy(base_url=ISSUER, service="Birch ID", ways=["session"]),
)
server = AuthorizationServer(
    guard.identities,
    ISSUER,
    clients=[
        OAuthClient(
            id="orders-page",
            name="Birch orders",
            redirect_uris=[f"{SPA}/"],
            post_logout_redirect_uris=[f"{SPA}/"],
            scopes=["openid", "email", "orders:read"],
            require_dpop=True,
        ),
    ],
    policy=OAuthPolicy(
        scopes={"orders:read": "See what you ordered"},
        resources={API: ["orders:read"]},
        templates=str(HERE / "templates"),
    ),
)
app.include_router(server.router())

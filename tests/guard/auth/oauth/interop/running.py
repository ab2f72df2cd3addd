"""The server on loopback, as programs of others meet it."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from buckler.guard import (
    AuthorizationServer,
    AuthPolicy,
    Guard,
    MemoryStores,
    OAuthClient,
    OAuthPolicy,
    SigningKey,
)
from buckler.guard.auth.oauth.server import client as kinds
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.scene import KEPT, NAME
from tests.guard.auth.shop import GOOD, QUICK

REDIRECT = "http://127.0.0.1:9/callback"
AFTERWARDS = "http://127.0.0.1:9/afterwards"
RESOURCE = "https://api.example/orders"
KEY = SigningKey.generate("ES256", kid="client-key")
GRANTS = [kinds.CODE, kinds.REFRESH, kinds.DEVICE]
SCOPES = ["openid", "profile", "email", "offline_access", "orders:read"]


def client(name: str, auth: str, **options: Any) -> OAuthClient:
    """A client that may do all that one of its kind may."""
    grants = GRANTS if auth == "none" else [*GRANTS, kinds.CREDENTIALS, kinds.EXCHANGE]
    return OAuthClient(
        id=name,
        name=f"The {name} client",
        redirect_uris=[REDIRECT],
        post_logout_redirect_uris=[AFTERWARDS],
        grants=grants,
        scopes=SCOPES,
        auth=auth,
        **options,
    )


def clients() -> list[OAuthClient]:
    """One for each way of showing who it is."""
    return [
        client("public", "none"),
        client("basic", "client_secret_basic", secret=KEPT),
        client("post", "client_secret_post", secret=KEPT),
        client("private_key_jwt", "private_key_jwt", jwks={"keys": [KEY.public_jwk()]}),
    ]


@dataclass
class Running:
    """A server that runs.

    Attributes:
        issuer: Its address.
        server: Itself.
    """

    issuer: str
    server: AuthorizationServer


@contextmanager
def running(
    *more: OAuthClient, port: int = 0, tls: Path | None = None, path: str = "", **options: Any
) -> Iterator[Running]:
    """The server, an account, and the clients of :func:`clients`.

    Args:
        more: Further clients.
        port: Of its address, or a free one.
        tls: File with a key and a certificate, to serve https.
        path: That it is mounted at, in an application that has no guard; empty: it is the application.
        options: Of the policy.
    """
    listener = socket.create_server(("127.0.0.1", port))
    issuer = f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}{path}"

    @asynccontextmanager
    async def started(_: FastAPI) -> AsyncIterator[None]:
        await guard.identities.add_account(NAME, password=GOOD, verified=True)
        yield

    app = FastAPI(lifespan=started)
    guard = Guard(
        app,
        secret=SECRET,
        database=MemoryStores(),
        auth=AuthPolicy(base_url=issuer, hashing=QUICK, ways=["session"]),
        docs="public",
        rate=None,
    )
    server = AuthorizationServer(
        guard.identities,
        issuer,
        clients=[*clients(), *more],
        policy=OAuthPolicy(
            scopes={"orders:read": "See your orders"},
            resources={RESOURCE: ["orders:read"]},
            device_interval=1.0,
            **options,
        ),
    )
    app.include_router(server.router())
    outer = app
    if path:
        outer = FastAPI(lifespan=started, openapi_url=None)
        outer.mount(path, app)
        outer.include_router(server.well_known())

    config = uvicorn.Config(
        outer,
        log_level="warning",
        server_header=False,
        ssl_certfile=None if tls is None else str(tls),
    )
    process = uvicorn.Server(config)
    with guard.rated(None):
        thread = threading.Thread(target=process.run, args=([listener],), daemon=True)
        thread.start()
        try:
            _wait(process)
            yield Running(issuer, server)
        finally:
            process.should_exit = True
            thread.join(20)
            listener.close()


def _wait(process: uvicorn.Server) -> None:
    import time

    for _ in range(1000):
        if process.started:
            return
        time.sleep(0.02)
    raise AssertionError("the server did not start")

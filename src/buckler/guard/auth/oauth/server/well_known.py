"""Where clients find what the server says of itself.

Threat: a server below a path whose clients cannot find it, and are configured by hand with what is old one day. The metadata of
``https://a.example/tenant`` is at ``https://a.example/.well-known/oauth-authorization-server/tenant`` (RFC 8414, 3.1), which
no application that is mounted at ``/tenant`` is ever asked for: the one around it answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from buckler.guard import inbound
from buckler.guard.access.dependencies import public
from buckler.guard.auth.oauth.server.metadata import metadata
from buckler.guard.limits.cors import Cors
from buckler.guard.policy import RoutePolicy

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

NAMES: Final = ("openid-configuration", "oauth-authorization-server")
PUBLISHED: Final = "public, max-age=300"
READ: Final = ["GET", "HEAD"]
"""Methods of what is read alone (RFC 9110, 9.1)."""


def router(server: AuthorizationServer) -> APIRouter:
    """The documents between the issuer's host and its path, for the application that is reached there.

    Args:
        server: Whose.
    """
    routes = APIRouter(tags=["oauth"], include_in_schema=False)
    add_documents(server, routes, unquote(urlsplit(server.issuer).path).rstrip("/"))
    return routes


def add_documents(server: AuthorizationServer, routes: APIRouter, path: str = "") -> None:
    """Add the documents to some routes.

    Args:
        server: Whose.
        routes: Get them.
        path: That stands behind the names of the documents.
    """
    # Its members are named after what they speak of: token_endpoint, client_secret_basic.
    policy = RoutePolicy(cors=Cors(["*"]), secrets=list(metadata(server)))
    for name in NAMES:
        where = f"/.well-known/{name}{path}"
        dependencies = [public, Depends(policy)]
        routes.api_route(where, methods=READ, dependencies=dependencies)(_document(server))


def _document(server: AuthorizationServer) -> Callable[[Request], Awaitable[Response]]:
    async def document(request: Request) -> Response:
        answer = JSONResponse(metadata(server), headers={"Cache-Control": PUBLISHED})
        if inbound.of(request.scope) is None:
            # An application without a guard mounts it, and its scripts of other sites read it all the same.
            answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    return document

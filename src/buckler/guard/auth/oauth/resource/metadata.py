"""What a server of resources says of itself (RFC 9728).

Threat: a client that is told by an answer where to get a token, and so sends somebody else's token to whoever asks
for it (RFC 9728, 7.3 and 7.6): the document stands at the resource's own address, and names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from buckler.guard.access.requirement import MARK, Requirement
from buckler.guard.auth.oauth.dpop import ALGS
from buckler.guard.auth.oauth.resource.addresses import well_known

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.guard.auth.oauth.resource.server import ResourceServer

DOCUMENT: Final = "oauth-protected-resource"
MAX_AGE: Final = 300
"""Seconds for which others may keep it."""


def document(server: ResourceServer) -> dict[str, Any]:
    """The metadata."""
    found: dict[str, Any] = {
        "resource": server.resource,
        "authorization_servers": [one.issuer for one in server.issuers],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGS),
    }
    if server.scopes:
        found["scopes_supported"] = list(server.scopes)
    if server.name:
        found["resource_name"] = server.name
    if server.documentation:
        found["resource_documentation"] = server.documentation
    if server.certificate_bound:
        found["tls_client_certificate_bound_access_tokens"] = True
    if server.bound and not server.certificate_bound:
        found["dpop_bound_access_tokens_required"] = True
    return found


def router(server: ResourceServer) -> APIRouter:
    """A router with the document, which anybody may read."""
    from fastapi import APIRouter
    from starlette.responses import Response

    headers: Mapping[str, str] = {"cache-control": f"public, max-age={MAX_AGE}"}

    async def protected_resource() -> Response:
        body = json.dumps(document(server), separators=(",", ":"))
        return Response(body, media_type="application/json", headers=dict(headers))

    # A client has to read it before it has a token: the route says itself that anybody may.
    setattr(protected_resource, MARK, Requirement(public=True))
    made = APIRouter()
    path = urlsplit(well_known(server.resource, DOCUMENT)).path
    made.add_api_route(path, protected_resource, methods=["GET"], include_in_schema=False)
    return made

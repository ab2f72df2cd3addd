"""Publishes the public keys of an application for those who verify its tokens (RFC 7517, 5).

Threat: a secret or the private half of a key in what everybody may fetch (CWE-312, CWE-200).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.access.requirement import MARK, Requirement
from buckler.guard.auth.jwt.keys import KeySet
from buckler.guard.options import GuardError, count, instance

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

MEDIA_TYPE: Final = "application/jwk-set+json"
PATH: Final = "/.well-known/jwks.json"


def jwks(keys: KeySet) -> dict[str, list[dict[str, str]]]:
    """The set of the keys that verify now, the public part of each alone.

    Raises:
        GuardError: They are secrets, which have no public part.
    """
    instance(keys, "keys", KeySet, optional=False)
    return {"keys": [key.public_jwk() for key in keys]}


def jwks_route(keys: KeySet, path: str = PATH, *, max_age: int = 300) -> Route:
    """A public route that answers with :func:`jwks`: ``app.router.routes.append(jwks_route(keys))``.

    Args:
        keys: Read at each request, so that a rotation shows at once.
        path: Where it stands.
        max_age: Seconds for which others may keep the answer; a key that is new should be in the set for as
            long before it signs (:meth:`KeySet.add`, later :meth:`KeySet.rotate`).

    Raises:
        GuardError: An option is none, or the keys are secrets.
    """
    from starlette.responses import Response
    from starlette.routing import Route

    seconds = count(max_age, "max_age")
    if not isinstance(path, str) or not path.startswith("/"):
        raise GuardError("path begins with a slash", hint=f"write path={PATH!r}")
    jwks(keys)

    async def published(request: Request) -> Response:
        body = json.dumps(jwks(keys), separators=(",", ":")).encode("ascii")
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"cache-control": f"public, max-age={seconds}", "etag": tag}
        if _matches(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=MEDIA_TYPE, headers=headers)

    # Whoever verifies tokens has no other way to know the keys: the route says itself that anybody may call it.
    setattr(published, MARK, Requirement(public=True))
    return Route(path, published, methods=["GET"], include_in_schema=False)


def _matches(request: Any, tag: str) -> bool:
    """Whether the caller has this answer already (RFC 9110, 13.1.2)."""
    stated: str = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in stated.split(","))

"""The userinfo endpoint (OpenID Connect Core 1.0, 5.3): claims for an access token with ``openid``.

Threat: a token that is for somebody else's use, bound to a key that its sender does not have, or revoked (RFC 9700, 4.10;
ASVS 5.0 V10.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.oauth import dpop
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import parse
from buckler.guard.auth.oauth.server.claims import userinfo_claims
from buckler.guard.auth.oauth.server.found import FoundToken, find, named

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

UNKEPT: Final = {"Cache-Control": "no-store"}
REALM: Final = 'realm="oauth"'


async def userinfo(server: AuthorizationServer, request: Request) -> Response:
    """The claims, or the challenge that says why not (RFC 6750, 3)."""
    from buckler.guard.auth import credentials

    kind = ""
    try:
        if "access_token" in parse(request.scope["query_string"]):
            raise OAuthError("invalid_request", "tokens do not stand in addresses")
        came = credentials.read(request.scope)
        kind = came.kind
        if kind not in ("bearer", "dpop"):
            return _challenge(OAuthError("", status=401), kind)
        found = await find(server, came.value)
        if found is None or found.grant is None or found.user is None:
            raise OAuthError("invalid_token", "the token does not count", status=401)
        # A resource server that was sent a token must not learn more by it (RFC 8707, 3; RFC 9700, 4.10.2).
        if server.issuer not in named(found.claims.get("aud", ())):
            raise OAuthError("invalid_token", "the token is for another audience", status=401)
        await _bound(server, request, found, kind, came.value)
        scopes = frozenset(str(found.claims.get("scope", "")).split())
        if "openid" not in scopes:
            raise OAuthError("insufficient_scope", "the token has not the scope openid", status=403)
    except CredentialError as error:
        return _challenge(OAuthError("invalid_request", error.message), kind)
    except OAuthError as error:
        return _challenge(error, kind)
    # What a client asked for by name is for that one, not for who exchanged its token.
    own = found.client_id == found.grant.client_id
    said = await userinfo_claims(server, found.grant, found.user, scopes, named=own)
    return JSONResponse(said, headers=UNKEPT)


async def _bound(
    server: AuthorizationServer, request: Request, found: FoundToken, kind: str, token: str
) -> None:
    """Look whether the sender has the key that the token is bound to.

    Raises:
        OAuthError: It has not, or says that there is none (RFC 9449, 7.1; RFC 8705, 3).
    """
    confirmed = found.claims.get("cnf") or {}
    if ("jkt" in confirmed) != (kind == "dpop"):
        raise OAuthError("invalid_token", "the token is for another scheme", status=401)
    if "jkt" in confirmed:
        try:
            proof = await server.bindings.proof(request, access_token=token)
        except OAuthError as error:
            raise OAuthError(
                error.error, error.description, status=401, headers=error.headers
            ) from error
        if proof is None or proof.thumbprint != confirmed["jkt"]:
            raise OAuthError("invalid_token", "the token is bound to another key", status=401)
    if "x5t#S256" in confirmed:
        shown = server.bindings.certificate(request)
        if shown is None or shown.thumbprint != confirmed["x5t#S256"]:
            raise OAuthError("invalid_token", "the token is bound to a certificate", status=401)


def _challenge(error: OAuthError, kind: str) -> Response:
    scheme = "DPoP" if kind == "dpop" else "Bearer"
    parts = []
    if error.error:
        parts += [f'error="{error.error}"', f'error_description="{error.description}"']
    if error.error == "insufficient_scope":
        parts.append('scope="openid"')
    if scheme == "DPoP":
        parts.append(f'algs="{" ".join(dpop.ALGS)}"')
    # One parameter at least follows the scheme (RFC 6750, 3).
    challenge = f"{scheme} {', '.join(parts or [REALM])}"
    answer = Response(status_code=error.status, headers={**UNKEPT, "WWW-Authenticate": challenge})
    for name, value in error.headers:
        answer.headers.append(name, value)
    return answer

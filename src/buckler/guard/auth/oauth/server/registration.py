"""Dynamic registration (RFC 7591), off unless it is switched on.

Threat: a client by anybody that calls itself by a trusted name, or that asks for more than it is given by hand (RFC 7591, 5;
ASVS 5.0 V10.4.13): what registers itself agrees with nobody's word, is never of the first party, binds nothing by name and
gets the scopes of OpenID alone unless it shows an initial access token. Clients without end that nobody uses (CWE-770): what
nobody vouches for goes where nobody agreed to it in time, and no more than so many wait for that.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server import client as kinds
from buckler.guard.auth.oauth.server.client import OAuthClient, new_secret
from buckler.guard.auth.oauth.server.clients import new_id
from buckler.guard.auth.oauth.server.policy import STANDARD_SCOPES
from buckler.guard.auth.oauth.server.requests import answered, refused
from buckler.guard.limits.body import media_type
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

LONGEST: Final = 64 * 1024
GRANTS: Final = (kinds.CODE, kinds.REFRESH, kinds.DEVICE)
"""That a client may give itself: somebody has to agree. One that showed an initial token may act for itself, too."""
_LISTS: Final = {
    "redirect_uris": "redirect_uris",
    "grant_types": "grants",
    "post_logout_redirect_uris": "post_logout_redirect_uris",
    "contacts": "contacts",
}
_TEXTS: Final = {
    "client_name": "name",
    "client_uri": "uri",
    "jwks_uri": "jwks_uri",
    "token_endpoint_auth_method": "auth",
    "id_token_signed_response_alg": "id_token_alg",
    "backchannel_logout_uri": "backchannel_logout_uri",
}
_FLAGS: Final = {
    "require_pushed_authorization_requests": "require_par",
    "dpop_bound_access_tokens": "require_dpop",
    "tls_client_certificate_bound_access_tokens": "bound_to_certificate",
}
CERTIFICATES: Final = {
    f"tls_client_auth_{kind}": kind
    for kind in ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
}
"""Names of what a certificate is known by (RFC 8705, 2.1.2); public, whatever they sound like."""
_WORDS: Final = {
    "token_endpoint_auth_method": kinds.METHODS,
    "id_token_signed_response_alg": kinds.ID_TOKEN_ALGORITHMS,
}
"""What there is to choose from."""
_UNKEPT: Final = {
    "subject_type": (None, "public"),
    "require_signed_request_object": (None, False),
    "userinfo_signed_response_alg": (None, "none"),
    "userinfo_encrypted_response_alg": (None,),
    "id_token_encrypted_response_alg": (None,),
}
"""What protects people or answers and is not there, with what asks for none of it. To leave it out in silence, as what nobody knows
is (RFC 7591, 2), would have its client believe in it."""
_LONGEST_AGE: Final = 10**9
_MOST: Final = 20
AGAIN: Final = 3_600
"""Seconds after which there may be room again: what has expired is looked for that often."""


async def register(server: AuthorizationServer, request: Request) -> Response:
    """A new client, with what it is (RFC 7591, 3.2.1); 503 where too many wait for their first use.

    Raises:
        OAuthError: ``invalid_client_metadata``, ``invalid_redirect_uri``: it is refused; ``invalid_token``: it has to show an
            initial access token.
    """
    trusted = _check_token(server, request)
    asked = await _read(request)
    client, secret = _client(server, asked, trusted=trusted)
    if not await _kept(server, client):
        return _full(server, request)
    said = {
        **{name: value for name, value in asked.items() if name in _told()},
        "client_id": client.id,
        "client_id_issued_at": int(server.clock()),
        "grant_types": list(client.grants),
        "response_types": ["code"] if client.may(kinds.CODE) else [],
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": client.auth,
        "scope": " ".join(client.scopes),
    }
    if secret:
        said |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answered(said, status=201)


def _client(
    server: AuthorizationServer, asked: Mapping[str, Any], *, trusted: bool
) -> tuple[OAuthClient, str]:
    """The client that metadata ask for, and its secret; empty where it has none.

    Raises:
        OAuthError: ``invalid_client_metadata``, ``invalid_redirect_uri``: it is refused.
    """
    secret = ""
    _check_offered(asked)
    values = _values(asked)
    if kinds.CODE in values.get("grants", (kinds.CODE,)) and not values.get("redirect_uris"):
        raise OAuthError("invalid_redirect_uri", "redirect_uris is missing")
    values.setdefault("auth", "client_secret_basic")
    if values["auth"] in ("client_secret_basic", "client_secret_post"):
        secret = new_secret()
        values["secret"] = secret
    own = (*GRANTS, kinds.CREDENTIALS) if trusted else GRANTS
    if not set(values.get("grants", ())) <= set(own):
        raise OAuthError("invalid_client_metadata", "a grant is not for clients that register")
    scopes = _scopes(asked, server.policy.described() if trusted else STANDARD_SCOPES)
    try:
        client = OAuthClient(id=new_id(), scopes=scopes, self_registered=not trusted, **values)
    except GuardError as error:
        if "redirect address" in error.message:
            raise OAuthError(
                "invalid_redirect_uri",
                "an address is absolute, https (http on this machine; for a native application on 127.0.0.1 or [::1], or a "
                "scheme with a dot), and has no fragment, no user and no dots in its path",
                reason="metadata",
            ) from error
        raise OAuthError(
            "invalid_client_metadata", "the metadata do not go together", reason="metadata"
        ) from error
    return client, secret


def _check_offered(asked: Mapping[str, Any]) -> None:
    """Look whether what metadata choose is there.

    Raises:
        OAuthError: ``invalid_client_metadata``: it is not; which one is said.
    """
    for name, offered in _WORDS.items():
        if asked.get(name) is not None and asked[name] not in offered:
            raise OAuthError("invalid_client_metadata", f"{name}: of {' '.join(offered)}")
    for name, harmless in _UNKEPT.items():
        if asked.get(name) not in harmless:
            raise OAuthError("invalid_client_metadata", f"{name} is not offered")


def _scopes(asked: Mapping[str, Any], known: Collection[str]) -> tuple[str, ...]:
    wanted = asked.get("scope")
    if wanted is None:
        return tuple(STANDARD_SCOPES)
    if not isinstance(wanted, str):
        raise OAuthError("invalid_client_metadata", "scope is no text")
    scopes = tuple(wanted.split())
    if not set(scopes) <= set(known):
        raise OAuthError("invalid_client_metadata", "a scope is not for clients that register")
    return scopes


async def _kept(server: AuthorizationServer, client: OAuthClient) -> bool:
    """Whether there was room for a client."""
    if not client.self_registered:
        await server.clients.add(client, by="registration")
        return True
    policy = server.policy
    until = server.clock() + policy.registration_unused_lifetime
    return await server.clients.add_unused(client, until=until, most=policy.registration_unused)


def _full(server: AuthorizationServer, request: Request) -> Response:
    message = "Too many clients that registered themselves wait for their first use"
    server.tell(request, EventKind.LIMIT_EXCEEDED, "registration_full", message, status=503)
    return refused(
        OAuthError(
            "temporarily_unavailable",
            "too many clients wait for their first use",
            status=503,
            headers=(("Retry-After", str(AGAIN)),),
        )
    )


def _check_token(server: AuthorizationServer, request: Request) -> bool:
    """Whether the one who registers showed an initial access token (RFC 7591, 3); it has to where there are any."""
    known = server.policy.registration_tokens
    if not known:
        return False
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    came = hashlib.sha256(token.strip().encode("latin-1", "replace")).hexdigest()
    found = [hmac.compare_digest(came, one) for one in known]
    if kind.lower() != "bearer" or not any(found):
        # RFC 6750, 3.1: no error where nothing was shown.
        wrong = ', error="invalid_token"' if token else ""
        raise OAuthError(
            "invalid_token",
            "an initial access token is needed",
            status=401,
            reason="registration_token",
            headers=(("WWW-Authenticate", f'Bearer realm="oauth"{wrong}'),),
        )
    return True


async def _read(request: Request) -> Mapping[str, Any]:
    kind = media_type(request.headers.get("content-type", "").encode("latin-1"))
    if kind != "application/json":
        raise OAuthError("invalid_client_metadata", "the body has to be application/json")
    if request.scope["query_string"]:
        raise OAuthError("invalid_client_metadata", "metadata belong into the body")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise OAuthError("invalid_client_metadata", "too long", status=413, reason="oversize")
    try:
        found = json_object.plain(json_object.read(body))
    except (ValueError, RecursionError) as error:
        raise OAuthError("invalid_client_metadata", "the body is no JSON object") from error
    if "software_statement" in found:
        raise OAuthError("unapproved_software_statement", "software statements are not taken")
    return dict(found)


def _values(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata in the words of :class:`OAuthClient`; what it does not know is left out (RFC 7591, 2)."""
    values: dict[str, Any] = {}
    for name, own in _LISTS.items():
        found = asked.get(name)
        if found is None:
            continue
        if not isinstance(found, list) or len(found) > _MOST or not all(map(_is_text, found)):
            raise OAuthError("invalid_client_metadata", f"{name} is no list of texts")
        values[own] = found
    for name, own in _TEXTS.items():
        found = asked.get(name)
        if found is None:
            continue
        if not _is_text(found):
            raise OAuthError("invalid_client_metadata", f"{name} is no text")
        values[own] = found
    for name, own in _FLAGS.items():
        found = asked.get(name)
        if found is None:
            continue
        if not isinstance(found, bool):
            raise OAuthError("invalid_client_metadata", f"{name} is true or false")
        values[own] = found
    age = asked.get("default_max_age")
    if age is not None:
        if type(age) is not int or not 0 <= age <= _LONGEST_AGE:
            raise OAuthError("invalid_client_metadata", "default_max_age is a number of seconds")
        values["default_max_age"] = age
    if asked.get("jwks") is not None:
        if not isinstance(asked["jwks"], dict):
            raise OAuthError("invalid_client_metadata", "jwks is no key set")
        values["jwks"] = asked["jwks"]
    names = [name for name in CERTIFICATES if asked.get(name) is not None]
    if len(names) > 1 or not all(_is_text(asked[name]) for name in names):
        raise OAuthError("invalid_client_metadata", "one tls_client_auth_..., and it is a text")
    for name in names:
        values["certificate"] = (CERTIFICATES[name], asked[name])
    if asked.get("application_type") == "native":
        values["native"] = True
    return values


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 2_000


def _told() -> frozenset[str]:
    further = ("jwks", "application_type", "default_max_age")
    return frozenset((*_LISTS, *_TEXTS, *_FLAGS, *CERTIFICATES, *further))

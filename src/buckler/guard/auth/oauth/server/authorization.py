"""Authorization requests (RFC 6749, 4.1.1; OpenID Connect Core 1.0, 3.1.2.1): from parameters to a value, without a server.

Threat: an answer that goes to an address which nobody registered (RFC 9700, 4.1), a code that somebody else redeems
(4.5), a downgrade to what an attacker can read (2.1.1; ASVS 5.0 V10.4). Until client and address are known nothing is
sent anywhere; after it, errors go to that address.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from buckler.guard.auth.oauth import pkce, scope
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server.claims import scopes_of
from buckler.guard.auth.oauth.server.claims_request import NONE, ClaimsRequest
from buckler.guard.auth.oauth.server.client import CODE, IMPLICIT, MODES, OAuthClient

IMPLICIT_TYPES: Final = frozenset(("token", "id_token", "id_token token"))
PROMPTS: Final = frozenset(("none", "login", "consent", "select_account"))
KEPT: Final = frozenset(
    (
        *("client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "prompt"),
        *("code_challenge", "code_challenge_method", "max_age", "acr_values", "claims"),
        *("login_hint", "id_token_hint", "resource", "dpop_jkt", "response_mode"),
    )
)
"""What is kept of a request that waits: others have no say, and anybody could fill the store with them."""
MOST_ACR: Final = 10
_MAX_AGE: Final = re.compile(r"[0-9]{1,9}")
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks of somebody.

    Attributes:
        client: Who asks.
        redirect_uri: Where the answer goes.
        sent_redirect_uri: Whether the request named it: then the token request has to, too (RFC 6749, 4.1.3).
        response_type: ``code``, or one of the implicit grant's.
        response_mode: How the answer gets there.
        state: Given back as it is.
        scopes: That are asked for, in their order.
        resources: That tokens are for.
        challenge: Of PKCE; empty for the implicit grant.
        nonce: For the ID token.
        prompt: What has to be shown.
        max_age: Seconds since the sign-in at most, or None.
        acr_values: How somebody should have signed in, most wanted first.
        claims: Claims that are asked for by name.
        login_hint: Who is likely to sign in.
        id_token_hint: Who was signed in, as an ID token.
        jkt: Thumbprint of the key that the code is bound to (RFC 9449, 10), or empty.
    """

    client: OAuthClient
    redirect_uri: str
    sent_redirect_uri: bool
    response_type: str
    response_mode: str
    state: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...] = ()
    challenge: str = ""
    nonce: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    claims: ClaimsRequest = NONE
    login_hint: str = ""
    id_token_hint: str = ""
    jkt: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """Scopes that are not asked for, but some of whose claims are, by name; of those that the client may."""
        found = scopes_of(self.claims).intersection(self.client.scopes)
        return tuple(sorted(found.difference(self.scopes)))

    @property
    def wanted_acr(self) -> tuple[str, ...]:
        """How somebody has to have signed in, most wanted first: what is essential, else what is asked for."""
        essential = self.claims.wanted("acr")
        return tuple(one for one in essential or self.acr_values if isinstance(one, str))

    @property
    def is_assured(self) -> bool:
        """Whether an answer reaches this client alone.

        No other application on a machine is kept from a scheme or a port of its own (RFC 8252, 8.6).
        """
        client = self.client
        return not (
            client.public and client.native and not self.redirect_uri.startswith("https://")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the answer to a request goes, errors included.

    Attributes:
        redirect_uri: The address.
        response_mode: ``query``, ``fragment`` or ``form_post``.
        state: Given back as it is.
    """

    redirect_uri: str
    response_mode: str
    state: str


def destination(parameters: Parameters, client: OAuthClient) -> Destination:
    """Where answers go: only an address that the client registered.

    Raises:
        OAuthError: ``invalid_request``: there is none; it is told to the user, not to the address (RFC 6749, 4.1.2.1).
    """
    asked = parameters.get("redirect_uri")
    if asked is None:
        # OpenID Connect Core 1.0, 3.1.2.1: required there.
        if len(client.redirect_uris) != 1 or "openid" in parameters.get("scope", "").split(" "):
            raise OAuthError("invalid_request", "redirect_uri is missing", reason="no_redirect_uri")
        asked = client.redirect_uris[0]
    elif not client.is_redirect(asked):
        raise OAuthError("invalid_request", "redirect_uri is not registered", reason="redirect_uri")
    implicit = _sorted(parameters.get("response_type", "code")) in IMPLICIT_TYPES
    mode = parameters.get("response_mode", "fragment" if implicit else "query")
    if mode not in MODES or (implicit and mode == "query"):
        mode = "fragment" if implicit else "query"
    return Destination(redirect_uri=asked, response_mode=mode, state=parameters.get("state", ""))


def read(
    parameters: Parameters,
    client: OAuthClient,
    *,
    resources: Collection[str] = (),
) -> AuthorizationRequest:
    """The request that parameters make.

    Args:
        parameters: Of it.
        client: That ``client_id`` names.
        resources: That the server knows; others are refused (RFC 8707, 2).

    Raises:
        OAuthError: For the address of :func:`destination`.
    """
    where = destination(parameters, client)
    if "request" in parameters:
        raise OAuthError("request_not_supported", "requests are not sent as tokens")
    if "request_uri" in parameters:
        raise OAuthError("request_uri_not_supported", "requests are pushed, not fetched")
    if "registration" in parameters:
        raise OAuthError("registration_not_supported", "clients are registered before")
    kind = _response_type(parameters, client)
    given = parameters.get("response_mode")
    wrong = given is not None and given != where.response_mode
    if wrong or where.response_mode not in client.response_modes:
        raise OAuthError(
            "invalid_request", "this response_mode is not offered", reason="response_mode"
        )
    scopes = scope.parse(parameters.get("scope", ""))
    _check_scopes(scopes, client)
    challenge = ""
    if kind == "code":
        challenge = pkce.check_challenge(
            parameters.get("code_challenge"), parameters.get("code_challenge_method")
        )
    nonce = parameters.get("nonce", "")
    if "id_token" in kind.split(" ") and not nonce:
        raise OAuthError("invalid_request", "nonce is missing", reason="no_nonce")
    jkt = parameters.get("dpop_jkt", "")
    if jkt and not _THUMBPRINT.fullmatch(jkt):
        raise OAuthError("invalid_request", "dpop_jkt is malformed", reason="jkt")
    return AuthorizationRequest(
        client=client,
        redirect_uri=where.redirect_uri,
        sent_redirect_uri="redirect_uri" in parameters,
        response_type=kind,
        response_mode=where.response_mode,
        state=where.state,
        scopes=scopes,
        resources=check_resources(parameters.several("resource"), client, resources),
        challenge=challenge,
        nonce=nonce,
        prompt=_prompt(parameters),
        max_age=_max_age(parameters, client),
        acr_values=tuple(parameters.get("acr_values", "").split())[:MOST_ACR],
        claims=ClaimsRequest.read(parameters.get("claims")),
        login_hint=parameters.get("login_hint", ""),
        id_token_hint=parameters.get("id_token_hint", ""),
        jkt=jkt,
    )


def check_resources(
    asked: tuple[str, ...], client: OAuthClient, known: Collection[str]
) -> tuple[str, ...]:
    """The resources that a request names, each once.

    Raises:
        OAuthError: ``invalid_target`` (RFC 8707, 2): one is unknown, or not for this client.
    """
    for one in asked:
        if one not in known or (client.resources and one not in client.resources):
            raise OAuthError("invalid_target", "a resource is unknown or not for this client")
    return tuple(dict.fromkeys(asked))


def _sorted(response_type: str) -> str:
    """Their order does not count (OAuth 2.0 Multiple Response Type Encoding Practices, 3)."""
    return " ".join(sorted(response_type.split(" ")))


def _response_type(parameters: Parameters, client: OAuthClient) -> str:
    kind = _sorted(parameters.need("response_type"))
    if kind == "code":
        if not client.may(CODE):
            raise OAuthError("unauthorized_client", "this client may not use the code grant")
        return "code"
    if kind not in IMPLICIT_TYPES or not client.may(IMPLICIT):
        known = kind in IMPLICIT_TYPES
        raise OAuthError(
            "unauthorized_client" if known else "unsupported_response_type",
            "this client may not use the implicit grant" if known else "response_type is unknown",
        )
    return kind


def _check_scopes(scopes: tuple[str, ...], client: OAuthClient) -> None:
    if not set(scopes) <= set(client.scopes):
        raise OAuthError("invalid_scope", "a scope is not for this client")


def _prompt(parameters: Parameters) -> frozenset[str]:
    found = frozenset(parameters.get("prompt", "").split())
    if not found <= PROMPTS:
        raise OAuthError("invalid_request", "prompt is unknown", reason="prompt")
    if "none" in found and len(found) > 1:
        raise OAuthError("invalid_request", "prompt=none stands alone", reason="prompt")
    return found


def _max_age(parameters: Parameters, client: OAuthClient) -> int | None:
    asked = parameters.get("max_age")
    if asked is None:
        return client.default_max_age
    if not _MAX_AGE.fullmatch(asked):
        raise OAuthError("invalid_request", "max_age is no number", reason="max_age")
    return int(asked)

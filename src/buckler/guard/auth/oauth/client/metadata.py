"""What a provider says of itself (OpenID Connect Discovery 1.0, 3; RFC 8414, 2).

Threat: the document of one provider taken for that of another (mix-up, RFC 9700, 4.4; RFC 8414, 3.3): the issuer is
compared character by character; an endpoint over plain http, or one that is a script (CWE-319, CWE-601).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.oauth.client.addresses import is_safe
from buckler.guard.auth.oauth.client.errors import ProviderError

ENDPOINTS = {
    "authorization_endpoint": "authorization_endpoint",
    "token_endpoint": "token_endpoint",
    "jwks_uri": "jwks_uri",
    "userinfo_endpoint": "userinfo_endpoint",
    "pushed_endpoint": "pushed_authorization_request_endpoint",
    "end_session_endpoint": "end_session_endpoint",
    "revocation_endpoint": "revocation_endpoint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is used of it; an endpoint that there is not is empty.

    Attributes:
        issuer: As the document says it.
        authorization_endpoint: Where the browser goes.
        token_endpoint: Where codes are redeemed.
        jwks_uri: Of its keys.
        userinfo_endpoint: Of claims.
        pushed_endpoint: That takes authorization requests (RFC 9126).
        end_session_endpoint: Where the browser signs out there.
        revocation_endpoint: RFC 7009.
        says_issuer: Whether its answers say ``iss`` (RFC 9207).
        requires_pushed: Whether it takes no other requests than pushed ones.
        authentication: Ways in which clients authenticate at the token endpoint.
        algorithms: That ID tokens are signed with; empty where it does not say.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    pushed_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    says_issuer: bool = False
    requires_pushed: bool = False
    authentication: frozenset[str] = frozenset(("client_secret_basic",))
    algorithms: frozenset[str] = frozenset()


def read_metadata(raw: bytes, issuer: str, *, plain: bool = False) -> Metadata:
    """The metadata of a document.

    Args:
        raw: The document.
        issuer: That it was asked of.
        plain: Whether endpoints over http on this machine are taken.

    Raises:
        ProviderError: ``metadata``: it is no such document; ``issuer``: it is another one's.
    """
    try:
        found = json_object.read(raw)
    except (ValueError, RecursionError) as error:
        raise ProviderError("metadata", "the provider's metadata is no JSON object") from error
    if found.get("issuer") != issuer:
        raise ProviderError("issuer", "the provider's metadata is that of another issuer")
    endpoints = {name: _endpoint(found, member, plain) for name, member in ENDPOINTS.items()}
    if not endpoints["authorization_endpoint"] or not endpoints["token_endpoint"]:
        raise ProviderError("metadata", "the provider's metadata lacks an endpoint")
    return Metadata(
        issuer=issuer,
        **endpoints,
        says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        requires_pushed=found.get("require_pushed_authorization_requests") is True,
        authentication=_names(found, "token_endpoint_auth_methods_supported")
        or frozenset(("client_secret_basic",)),
        algorithms=_names(found, "id_token_signing_alg_values_supported"),
    )


def _endpoint(found: Mapping[str, Any], member: str, plain: bool) -> str:
    url = found.get(member)
    if url is None:
        return ""
    if not is_safe(url, plain=plain):
        raise ProviderError("metadata", "an endpoint of the provider is no address over https")
    return str(url)


def _names(found: Mapping[str, Any], member: str) -> frozenset[str]:
    listed = found.get(member)
    if not isinstance(listed, tuple):
        return frozenset()
    return frozenset(one for one in listed if isinstance(one, str))

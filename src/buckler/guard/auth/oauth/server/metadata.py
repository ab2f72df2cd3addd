"""What the server says of itself (RFC 8414; OpenID Connect Discovery 1.0, 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.guard.auth.oauth import dpop, pkce
from buckler.guard.auth.oauth.server import client as kinds
from buckler.guard.auth.oauth.server.claims import SCOPES

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


def metadata(server: AuthorizationServer) -> dict[str, Any]:
    """The document of an authorization server."""
    policy = server.policy
    stated = {grant for client in server.clients.stated() for grant in client.grants}
    grants = [
        grant
        for grant in kinds.GRANTS
        if grant not in (kinds.IMPLICIT, kinds.PASSWORD) or grant in stated
    ]
    types = ["code"]
    if kinds.IMPLICIT in stated:
        types += ["id_token", "id_token token", "token"]
    methods = [*kinds.METHODS]
    confidential = [one for one in methods if one != "none"]
    keyed = [*dpop.ALGS]
    said: dict[str, Any] = {
        "issuer": server.issuer,
        "authorization_endpoint": server.url("authorize"),
        "token_endpoint": server.url("token"),
        "jwks_uri": server.url("jwks"),
        "scopes_supported": list(policy.described()),
        "response_types_supported": types,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": keyed,
        "revocation_endpoint": server.url("revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": keyed,
        "introspection_endpoint": server.url("introspect"),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": keyed,
        "pushed_authorization_request_endpoint": server.url("par"),
        "require_pushed_authorization_requests": policy.require_par,
        "device_authorization_endpoint": server.url("device_authorization"),
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": keyed,
        "tls_client_certificate_bound_access_tokens": True,
        "userinfo_endpoint": server.url("userinfo"),
        "end_session_endpoint": server.url("logout"),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(kinds.ID_TOKEN_ALGORITHMS),
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
            *(
                one
                for scope, names in SCOPES.items()
                if scope in policy.described()
                for one in names
            ),
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "acr_values_supported": list(policy.acr),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
    if policy.registration:
        said["registration_endpoint"] = server.url("register")
    return said

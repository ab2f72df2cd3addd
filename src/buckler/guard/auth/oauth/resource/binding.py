"""Whether whoever sends an access token is the one that it is bound to (RFC 9449, 7; RFC 8705, 3).

Threat: a stolen token (CWE-294; RFC 9700, 2.2.1 and 4.10; ASVS 5.0 V10.3.5), and the downgrade by which a bound token
is sent as one that is not (RFC 9449, 7.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buckler.guard.auth.oauth.certificate import ClientCertificate
from buckler.guard.auth.oauth.dpop import Proof, proof_of, read_proof
from buckler.guard.auth.oauth.dpop import refused as proof_refused
from buckler.guard.auth.oauth.resource.access_token import AccessToken, refused
from buckler.guard.auth.oauth.resource.presented import Presented
from buckler.guard.auth.oauth.target_uri import target_uri


def check_scheme(came: Presented, token: AccessToken) -> None:
    """Look whether a token came by its own scheme.

    Raises:
        OAuthError: ``invalid_token``: one of DPoP came as Bearer, or the other way round.
    """
    if came.scheme != token.scheme:
        raise refused("downgrade", f"a token of {token.scheme} came as {came.scheme}")


def check_proof(
    scope: Mapping[str, Any], origin: str, token: str, thumbprint: str, now: float
) -> Proof:
    """The proof of a request, if it is one by the token's key; whether it came before is for a store to say.

    Args:
        scope: Of ASGI.
        origin: Scheme, host and port of this server, as clients know it.
        token: As it came.
        thumbprint: Of the key that it is bound to.
        now: Seconds since 1970.

    Raises:
        OAuthError: ``invalid_dpop_proof`` or ``invalid_token``.
    """
    header = proof_of(scope["headers"])
    if header is None:
        raise proof_refused("missing", "no DPoP proof")
    proof = read_proof(
        header,
        method=scope.get("method", "GET"),
        url=target_uri(origin, scope),
        now=now,
        access_token=token,
    )
    if proof.thumbprint != thumbprint:
        raise refused("binding", "the proof is by another key than that of the token")
    return proof


def check_certificate(certificate: ClientCertificate | None, thumbprint: str) -> None:
    """Look whether a request came with the certificate that its token is bound to.

    Raises:
        OAuthError: ``invalid_token``: it did not (RFC 8705, 3).
    """
    if certificate is None or certificate.thumbprint != thumbprint:
        raise refused("binding", "the certificate is not that of the token")

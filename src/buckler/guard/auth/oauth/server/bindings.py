"""What a client's tokens are bound to: the key of its DPoP proof (RFC 9449, 5) or its certificate (RFC 8705, 3).

Threat: a token that is stolen and used by somebody else (RFC 9700, 2.2.1; ASVS 5.0 V10.3.5), a client that has to bind its
tokens and is given plain ones since it left the proof out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from buckler.guard.auth.oauth import certificate as certificates
from buckler.guard.auth.oauth import dpop
from buckler.guard.auth.oauth.certificate import ClientCertificate
from buckler.guard.auth.oauth.dpop_nonces import DpopNonces
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.target_uri import target_uri

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

PROVEN = "buckler.oauth.proof"
"""Where the scope of a request holds its proof, once that was judged."""


class Bindings:
    """Reads proofs and certificates.

    Args:
        server: Whose.
        nonces: Of its proofs.
    """

    __slots__ = ("_nonces", "_server")

    def __init__(self, server: AuthorizationServer, nonces: DpopNonces) -> None:
        self._server = server
        self._nonces = nonces

    async def of(self, request: Request, client: OAuthClient) -> str:
        """What tokens for this request are bound to: ``jkt:...``, ``x5t:...`` or nothing.

        Raises:
            OAuthError: ``invalid_dpop_proof``, ``use_dpop_nonce``: it has to be bound and is not, or the proof does not count;
                ``invalid_client``: its certificate is missing.
        """
        proof = await self.proof(request)
        if client.bound_to_certificate:
            # First: a proof by a key of whoever sends it must not take the certificate's place.
            found = self.certificate(request)
            if found is None:
                raise OAuthError(
                    "invalid_client", "a certificate is missing", status=401, reason="certificate"
                )
            return f"x5t:{found.thumbprint}"
        if proof is not None:
            return f"jkt:{proof.thumbprint}"
        if client.require_dpop or self._server.policy.require_dpop:
            raise dpop.refused("missing", "a DPoP proof is missing")
        return ""

    async def proof(
        self, request: Request, *, access_token: str | None = None
    ) -> dpop.Proof | None:
        """The proof of a request, looked at once; None where it has none.

        Args:
            request: That came.
            access_token: That came with it, at the userinfo endpoint.

        Raises:
            OAuthError: ``invalid_dpop_proof``, ``use_dpop_nonce``.
        """
        header = dpop.proof_of(request.scope["headers"])
        if header is None:
            return None
        server = self._server
        proof = dpop.read_proof(
            header,
            method=request.method,
            url=target_uri(server.origin, request.scope),
            now=server.clock(),
            access_token=access_token,
        )
        if server.policy.dpop_nonces or proof.nonce:
            self._nonces.check(proof.nonce, status=400 if access_token is None else 401)
        if not await server.store.replays.first(proof.replay_key, proof.until):
            raise dpop.refused("replay", "the proof was used before")
        request.scope[PROVEN] = proof
        return proof

    def next_nonce(self, request: Request) -> str | None:
        """The nonce that the answer to a request gives (RFC 9449, 8.2), or None."""
        proof = request.scope.get(PROVEN)
        if not self._server.policy.dpop_nonces or not isinstance(proof, dpop.Proof):
            return None
        return self._nonces.next(proof.nonce)

    def certificate(self, request: Request) -> ClientCertificate | None:
        """The client's certificate: of the configured proxy alone where there is one, else of the server.

        Raises:
            OAuthError: ``invalid_request``: it cannot be read.
        """
        header = self._server.policy.certificate_header
        if header is not None:
            return header.read(request.scope)
        return certificates.of_server(request.scope)

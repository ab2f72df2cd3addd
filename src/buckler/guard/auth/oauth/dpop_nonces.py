"""Nonces for DPoP proofs that no server has to remember (RFC 9449, 8 and 9).

Threat: proofs made ahead for a time to come, by who has the key for a moment alone, and clients whose clocks are
wrong (RFC 9449, 11.2 and 11.3). A nonce is a MAC of the time slot under a key derived from the application's
secret: all workers know it, nobody else can make the next one.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Final

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.secret import derive, secrets_of
from buckler.guard.options import GuardError, check_clock, positive

SLOT: Final = 180.0
"""Seconds; a nonce counts for one to two of them."""
HEADER: Final = "DPoP-Nonce"
_BYTES: Final = 18


class DpopNonces:
    """The nonces of one server.

    Args:
        secret: Of the application; of several the first makes nonces, all of them count.
        purpose: Of the server: nonces of an authorization server do not count at a resource server, nor the other
            way round (RFC 9449, 9).
        slot: Seconds for which one is given out.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_clock", "_keys", "_slot")

    def __init__(
        self,
        secret: str | bytes | Sequence[str | bytes],
        purpose: str,
        *,
        slot: float = SLOT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(purpose, str) or not purpose:
            raise GuardError("purpose is a text", hint="write purpose='authorization server'")
        self._keys = tuple(derive(one, f"dpop nonce {purpose}") for one in secrets_of(secret))
        self._slot = positive(slot, "slot")
        check_clock(clock)
        self._clock = clock

    def current(self) -> str:
        """The nonce to give out now."""
        return self._of(self._keys[0], int(self._clock() // self._slot))

    def counts(self, nonce: str) -> bool:
        """Whether a nonce was given out in this slot or the one before."""
        slot = int(self._clock() // self._slot)
        came = nonce.encode("utf-8", "surrogatepass")
        made = [self._of(key, one).encode() for key in self._keys for one in (slot, slot - 1)]
        return any(hmac.compare_digest(came, one) for one in made)

    def next(self, used: str) -> str | None:
        """The nonce for an answer to a proof that was good (RFC 9449, 8.2); None where it has the newest."""
        current = self.current()
        return None if used == current else current

    def check(self, nonce: str, *, status: int = 400) -> None:
        """Look whether a proof has a nonce that counts.

        Args:
            nonce: Of the proof; empty where it has none.
            status: Of the answer: 400 of an authorization server, 401 of a resource server.

        Raises:
            OAuthError: ``use_dpop_nonce``, with the nonce to use in ``DPoP-Nonce``.
        """
        if not nonce or not self.counts(nonce):
            raise OAuthError(
                "use_dpop_nonce",
                "a nonce of this server is needed in the proof",
                status=status,
                reason="nonce",
                headers=((HEADER, self.current()),),
            )

    def _of(self, key: bytes, slot: int) -> str:
        mac = hmac.digest(key, slot.to_bytes(8, "big", signed=True), hashlib.sha256)
        return base64url.encode(mac[:_BYTES]).decode("ascii")

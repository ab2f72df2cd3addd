"""Tokens that count no more though they have not expired.

Threat: a token that was stolen or signed out of and goes on until it expires (CWE-613; ASVS 5.0 V7.4.1). What this
process revoked or was told of is looked at with every token, cached ones too; what another worker revoked is
in the store, and :meth:`buckler.guard.stores.interface.Stores.standing` brings it at every request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from buckler.guard.auth.jwt.claims import Claims
from buckler.guard.options import GuardError, check_clock, positive
from buckler.guard.stores.interface import Revocations

_SWEEP: Final = 1_024
"""Further entries after which those that have expired are dropped."""


class RevocationList:
    """What is revoked, as far as this process knows, and the store that tells the others.

    Args:
        store: Of all workers; None where there is one process alone.
        longest: Seconds that an access token of this application counts at most, with leeway: how long a session
            stays on the list.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is none.

    Attributes:
        known: ``jti`` and ``sid`` with the time until which they have to be known; read by the verifier itself.
    """

    __slots__ = ("_clock", "_lock", "_longest", "_store", "_sweep", "known")

    def __init__(
        self,
        store: Revocations | None = None,
        *,
        longest: float = 86_400.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if store is not None and not callable(getattr(store, "revoked", None)):
            raise GuardError("store has no revoked(...)", hint="write store=stores.revocations")
        self._store = store
        check_clock(clock)
        self._longest = positive(longest, "longest")
        self._clock = clock
        self._lock = threading.Lock()
        self._sweep = _SWEEP
        self.known: dict[str, float] = {}

    async def revoke(self, claims: Claims, *, leeway: float = 60.0) -> bool:
        """Let one token count no more, in every worker.

        Args:
            claims: Of that token.
            leeway: Seconds after ``exp`` for which some verifier may still take it.

        Returns:
            False where it was revoked already.

        Raises:
            GuardError: It has no ``jti``, by which it could be known.
        """
        if not claims.id:
            raise GuardError(
                "this token has no jti", hint="TokenPolicy(..., required=['sub', 'jti'])"
            )
        return await self._revoke(claims.id, claims.expires + leeway)

    async def revoke_session(self, session: str) -> bool:
        """Let all tokens of a session (``sid``) count no more; False where they did not already.

        Raises:
            GuardError: It is empty: tokens without a session have that one.
        """
        if not isinstance(session, str) or not session:
            raise GuardError("session is a text", hint="claims.session, where it is not empty")
        return await self._revoke(session, self._clock() + self._longest)

    def learn(self, token_id: str, until: float) -> None:
        """Know from now on that a ``jti`` or ``sid`` is revoked, as another worker said."""
        with self._lock:
            self.known[token_id] = max(until, self.known.get(token_id, 0.0))
            if len(self.known) >= self._sweep:
                now = self._clock()
                for known in [one for one, at in self.known.items() if at <= now]:
                    del self.known[known]
                self._sweep = len(self.known) + _SWEEP

    async def revoked(self, claims: Claims) -> bool:
        """Whether a token is revoked, the store asked."""
        ids = [one for one in (claims.id, claims.session) if one]
        if any(one in self.known for one in ids):
            return True
        return bool(ids) and self._store is not None and await self._store.revoked(*ids)

    async def _revoke(self, token_id: str, until: float) -> bool:
        new = token_id not in self.known
        self.learn(token_id, until)
        return await self._store.revoke(token_id, until) if self._store is not None else new

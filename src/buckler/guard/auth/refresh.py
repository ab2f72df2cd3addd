"""Refresh tokens that change at every use, so that a stolen one is seen (RFC 9700, 4.14.2; RFC 6749, 10.4).

Threat: a refresh token that somebody copied and uses for months (CWE-613, CWE-294; ASVS 5.0 V10.4.5). All tokens that
come out of one sign-in are a family. A token stays good until its successor is first used, since its answer may have
been lost; whoever uses it after that is one of two holders, and nobody can tell which: the family ends.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.errors import TokenError, TokenReusedError
from buckler.guard.options import GuardError, check_clock, check_listener, positive
from buckler.guard.stores.interface import RefreshTokens
from buckler.guard.stores.records import RefreshFamily, RefreshToken

PREFIX: Final = "bkrt_"
"""By which scanners of secrets and of logs know one."""
_BYTES: Final = 32
_LENGTH: Final = len(PREFIX) + 43
_DAY: Final = 86_400.0
_TRIES: Final = 16
"""Each lost compare-and-set means that another use won: so many at once are no client."""
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a sign-in or a rotation gives.

    Attributes:
        token: The refresh token, shown this once.
        family: Where it belongs: account, scopes, factors, as they are for the access token.
    """

    token: str = field(repr=False)
    family: RefreshFamily


class RefreshRotation:
    """Begins, rotates and ends families.

    Args:
        store: Keeps them; digests alone.
        idle: Seconds after which a token that was not used counts no more.
        absolute: Seconds after which a family ends whatever happens.
        tell: Told of a token that was used twice.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_absolute", "_clock", "_idle", "_store", "_tell")

    def __init__(
        self,
        store: RefreshTokens,
        *,
        idle: float = 14 * _DAY,
        absolute: float = 90 * _DAY,
        tell: Listener | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(store, type) or not callable(getattr(store, "advance", None)):
            raise GuardError("store keeps no refresh tokens", hint="write store=stores.refresh")
        check_listener(tell, "tell")
        self._store = store
        self._idle = positive(idle, "idle")
        self._absolute = positive(absolute, "absolute")
        if self._absolute < self._idle:
            raise GuardError("absolute is shorter than idle", hint="write absolute=90 * 86_400")
        self._tell = None if tell is None else Teller(tell)
        check_clock(clock)
        self._clock = clock

    async def begin(
        self,
        user_id: str,
        *,
        scopes: Iterable[str] | None = None,
        factors: Iterable[str] = (),
        authenticated: float | None = None,
        agent: str = "",
        client: str = "",
        since: float = 0.0,
    ) -> Rotated:
        """A new family, after a sign-in.

        Args:
            user_id: Whose it is.
            scopes: That its access tokens get; None for all.
            factors: That the owner showed.
            authenticated: When they last did; else now.
            agent: What the client calls itself.
            client: Address that it came from.
            since: The account's ``valid_from``, set by a clock that may be ahead of this one.
        """
        now = self._clock()
        family = RefreshFamily(
            id=secrets.token_urlsafe(16),
            user_id=user_id,
            created=max(now, since),
            expires=now + self._absolute,
            scopes=None if scopes is None else frozenset(scopes),
            factors=frozenset(factors),
            authenticated=now if authenticated is None else authenticated,
            agent=agent[:_SHOWN],
            client=client[:_SHOWN],
        )
        token, kept = self._new(family, parent="", now=now)
        await self._store.begin(family, kept)
        return Rotated(token, family)

    async def rotate(self, token: str) -> Rotated:
        """Use a token: it is exchanged for a successor.

        A crash between any two steps, or an answer that is lost, leaves the token good: whoever holds it tries again.

        Args:
            token: As it came.

        Raises:
            TokenReusedError: ``reused``; the family is revoked, and that was told.
            TokenError: ``malformed``, ``unknown``, ``revoked``, ``expired``, or ``contended`` where many use it at once.
        """
        digest = _digest(token)
        for _ in range(_TRIES):
            found = await self._store.find(digest)
            if found is None:
                raise TokenError("unknown", "the refresh token was never issued, or is gone")
            used, family = found
            now = self._clock()
            await self._judge(used, family, now)
            if used.digest != family.head and not await self._store.advance(
                family.id, head=family.head, to=used.digest
            ):
                # Somebody else's use or a revocation came first: what is so now is judged anew.
                continue
            successor, kept = self._new(family, parent=used.digest, now=now)
            await self._store.issue(kept)
            return Rotated(successor, family)
        raise TokenError("contended", "the refresh token is used by many at once")

    async def end(self, token: str) -> RefreshFamily | None:
        """Sign out: revoke the family of a token, whichever of its tokens it is.

        Returns:
            The family; None where there is no such token, or its family had ended.

        Raises:
            TokenError: ``malformed``.
        """
        found = await self._store.find(_digest(token))
        if found is None or not await self._store.revoke(found[1].id, self._clock()):
            return None
        return found[1]

    async def _judge(self, used: RefreshToken, family: RefreshFamily, now: float) -> None:
        """Look whether a token may be used now.

        Raises:
            TokenReusedError: A successor of it was used.
            TokenError: It, or its family, has ended.
        """
        if family.revoked is not None:
            raise TokenError("revoked", "the refresh token's family is revoked")
        if family.head not in (used.digest, used.parent):
            await self._reused(family, now)
        if now >= min(used.expires, family.expires):
            raise TokenError("expired", "the refresh token has expired")

    async def _reused(self, family: RefreshFamily, now: float) -> None:
        if await self._store.revoke(family.id, now) and self._tell is not None:
            self._tell(
                SecurityEvent(
                    kind=EventKind.TOKEN_REUSED,
                    reason="reused",
                    message="a refresh token was used after its successor: one of two holders stole it",
                    time=now,
                    principal=family.user_id,
                    detail={"family": family.id, "begun": family.created},
                )
            )
        raise TokenReusedError("reused", "a refresh token was used after its successor", family.id)

    def _new(self, family: RefreshFamily, *, parent: str, now: float) -> tuple[str, RefreshToken]:
        token = PREFIX + secrets.token_urlsafe(_BYTES)
        return token, RefreshToken(
            digest=_digest(token),
            family_id=family.id,
            parent=parent,
            created=now,
            expires=now + self._idle,
        )


def _digest(token: str) -> str:
    """SHA-256 of a token: it has 256 random bits, so that nothing slower is needed.

    Raises:
        TokenError: ``malformed``: it is none of ours, and no store is asked.
    """
    good = isinstance(token, str) and len(token) == _LENGTH and token.startswith(PREFIX)
    if not good or not token.isascii():
        raise TokenError("malformed", "this is no refresh token")
    return hashlib.sha256(token.encode("ascii")).hexdigest()

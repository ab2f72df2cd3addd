"""Access and refresh tokens of an application, as one service.

Threat: an access token that goes on when its refresh token was stolen, signed out or revoked (CWE-613): both name the
same family, and its end is looked up at every request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from buckler.guard.audit.events import Listener
from buckler.guard.auth.errors import TokenError, TokenReusedError
from buckler.guard.auth.jwt.issuer import TokenIssuer
from buckler.guard.auth.jwt.keys import KeySet
from buckler.guard.auth.jwt.revocation import RevocationList
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.auth.jwt.verifier import TokenVerifier
from buckler.guard.auth.refresh import RefreshRotation, Rotated
from buckler.guard.options import count
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import RefreshFamily

MARGIN = 60.0
"""Seconds that a revocation outlives the last token that it is for."""
MOST_FAMILIES: Final = 100
"""Sign-ins of programs that one account may have; the oldest ends for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a sign-in gives a program (RFC 6749, 5.1).

    Attributes:
        access_token: For ``Authorization: Bearer``.
        refresh_token: For the next pair, once.
        expires_in: Seconds that the access token counts.
        family: Id of what both belong to.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    family: str


class TokenService:
    """Issues, refreshes and ends tokens.

    Args:
        stores: Of families and revocations.
        keys: That sign.
        policy: What access tokens say.
        lifetime: Seconds of an access token.
        idle, absolute: Of refresh tokens; see :class:`RefreshRotation`.
        most: Families that one account may have; the oldest end first.
        tell: Takes security events.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        stores: Stores,
        keys: KeySet,
        policy: TokenPolicy,
        *,
        lifetime: float,
        idle: float,
        absolute: float,
        most: int = MOST_FAMILIES,
        tell: Listener,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._most = count(most, "most")
        self._store = stores.refresh
        self._users = stores.users
        self._lifetime = lifetime
        self._clock = clock
        self.keys = keys
        self.revocations = RevocationList(
            stores.revocations, longest=lifetime + MARGIN, clock=clock
        )
        self.issuer = TokenIssuer(keys, policy, clock=clock)
        self.verifier = TokenVerifier(keys, policy, revocations=self.revocations, clock=clock)
        self.rotation = RefreshRotation(
            stores.refresh, idle=idle, absolute=absolute, tell=tell, clock=clock
        )

    async def begin(
        self,
        user_id: str,
        *,
        factors: Iterable[str],
        scopes: Iterable[str] | None = None,
        agent: str = "",
        client: str = "",
        since: float = 0.0,
    ) -> TokenPair:
        """The tokens of a sign-in.

        Args:
            user_id: Whose.
            factors: That were shown.
            scopes: What they may do at most; None for all that the account may.
            agent: What the program calls itself.
            client: Its address.
            since: The account's ``valid_from``.
        """
        made = await self.rotation.begin(
            user_id, factors=factors, scopes=scopes, agent=agent, client=client, since=since
        )
        for old in (await self._store.of(user_id))[self._most :]:
            await self.revoke(user_id, old.id)
        return self._pair(made)

    async def refresh(self, token: str) -> TokenPair:
        """The next pair.

        Raises:
            TokenReusedError: It was used before: all of its family ends.
            TokenError: It does not count, or its account is gone, disabled or was signed out everywhere since.
        """
        try:
            made = await self.rotation.rotate(token)
        except TokenReusedError as error:
            if error.family:
                await self.revocations.revoke_session(error.family)
            raise
        family = made.family
        # Else a new access token, issued now, would count where the sign-in that it comes from does not.
        user = await self._users.get(family.user_id)
        if user is None or user.disabled or family.created < user.valid_from:
            await self.rotation.end(made.token)
            await self.revocations.revoke_session(family.id)
            raise TokenError("signed_out", "the account has ended this sign-in")
        return self._pair(made)

    async def end(self, token: str) -> bool:
        """Sign out by a refresh token; False where its family had ended."""
        family = await self.rotation.end(token)
        if family is None:
            return False
        await self.revocations.revoke_session(family.id)
        return True

    async def of(self, user_id: str) -> Sequence[RefreshFamily]:
        """Sign-ins of an account that have not ended."""
        now = self._clock()
        return [one for one in await self._store.of(user_id) if one.expires > now]

    async def revoke(self, user_id: str, family_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""
        if all(one.id != family_id for one in await self._store.of(user_id)):
            return False
        await self._store.revoke(family_id, self._clock())
        return await self.revocations.revoke_session(family_id)

    async def revoke_all(self, user_id: str, *, but: str = "") -> int:
        """End all of an account's but one."""
        families = [one for one in await self._store.of(user_id) if one.id != but]
        ended = await self._store.revoke_all(user_id, self._clock(), but=but)
        for family in families:
            await self.revocations.revoke_session(family.id)
        return ended

    def _pair(self, made: Rotated) -> TokenPair:
        family = made.family
        access = self.issuer.issue(
            family.user_id,
            ttl=self._lifetime,
            scopes=family.scopes,
            session=family.id,
            amr=sorted(family.factors),
            auth_time=int(family.authenticated),
        )
        return TokenPair(
            access_token=access,
            refresh_token=made.token,
            expires_in=int(self._lifetime),
            family=family.id,
        )

"""Which account somebody comes in to, and which identities it has.

Threat: an account that is taken over by whoever can make a provider say its owner's e-mail address (CWE-287, CWE-290),
or that was prepared with it before the owner came ("pre-hijacking", CWE-283): an identity is issuer and subject. A
first sign-in finds an account by its address only where the provider says that it is verified, the application believes
that provider for that domain, and the account's own address was verified, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import NameRefusedError
from buckler.guard.auth.mfa.ways import ways_of
from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.oauth.client.identity import Claimed
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.stores.federation import ExternalIdentity
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities


class Linking:
    """Accounts and who their owners are at providers.

    Args:
        identities: Of the application.
        sign_up: Whether a first sign-in makes an account.
    """

    __slots__ = ("_identities", "_sign_up", "_store")

    def __init__(self, identities: Identities, *, sign_up: bool) -> None:
        self._identities = identities
        self._store = identities.stores.external_identities
        self._sign_up = sign_up

    async def enter(self, provider: Provider, claimed: Claimed) -> User:
        """The account that somebody comes in to: theirs, one that is linked now, or a new one.

        Raises:
            SignInError: ``disabled``, ``unproven``, ``unverified``; ``exists``: there is an account of that address,
                and its owner has to link it; ``no_account``: there is none, and none is made.
        """
        found = await self._store.find(claimed.issuer, claimed.subject)
        if found is not None:
            return await self._again(claimed, found)
        try:
            return await self._first(provider, claimed)
        except SignInError:
            # Of two first sign-ins at once one makes the account, and the other one comes in to it.
            found = await self._store.find(claimed.issuer, claimed.subject)
        if found is not None:
            return await self._again(claimed, found)
        return await self._first(provider, claimed)

    async def _again(self, claimed: Claimed, found: ExternalIdentity) -> User:
        user = await self._identities.stores.users.get(found.user_id)
        if user is None:
            raise SignInError("no_account", "the account of an identity is gone")
        if user.verified and not found.proven:
            # It was linked by whoever had the account before its address was shown to be somebody's.
            raise SignInError("unproven", "the account's address was verified after it was linked")
        self._may_enter(user)
        await self._store.touch(
            claimed.issuer, claimed.subject, self._identities.clock(), claimed.email
        )
        return user

    async def link(self, provider: Provider, claimed: Claimed, user: User) -> None:
        """Let an identity come in to an account whose owner asked for it.

        Raises:
            SignInError: ``taken``: it comes in to another one; ``unverified``: the account's address has to be
                verified first.
        """
        policy = self._identities.policy
        if policy.deliver is not None and not user.verified and "@" in user.name:
            raise SignInError("unverified", "the account's address is not verified")
        await self._add(provider, claimed, user, reason="provider_linked")

    async def of(self, user_id: str) -> Sequence[ExternalIdentity]:
        """Those of an account."""
        return await self._store.of(user_id)

    async def unlink(self, user_id: str, provider: str) -> bool:
        """Take the identities of one provider from an account; False where it has none there.

        Raises:
            SignInError: ``last``: its owner could not sign in any more.
        """
        if all(one.provider != provider for one in await self._store.of(user_id)):
            return False
        other = await self._has_other_way(user_id)
        if not await self._store.drop(user_id, provider, keep_one=not other):
            raise SignInError("last", "the account has no other way to sign in")
        self._told("provider_unlinked", "A provider was unlinked", user_id, provider)
        return True

    async def _first(self, provider: Provider, claimed: Claimed) -> User:
        verified = bool(claimed.email) and claimed.email_verified
        believed = verified and provider.believes(claimed.email)
        stores = self._identities.stores
        there = await stores.users.by_name(claimed.email) if verified else None
        if there is not None:
            if not (believed and there.verified):
                raise SignInError("exists", "there is an account of that address")
            self._may_enter(there)
            await self._add(provider, claimed, there, reason="provider_linked_by_email")
            return there
        if not self._sign_up:
            raise SignInError("no_account", "there is no account, and none is made")
        if self._identities.policy.verified_only and not believed:
            raise SignInError("unverified", "the provider is not believed for that address")
        return await self._made(provider, claimed, believed=believed)

    async def _made(self, provider: Provider, claimed: Claimed, *, believed: bool) -> User:
        # A name of nobody's choice: one with an address that was not believed would be its owner's to reset.
        name = claimed.email if believed else f"{provider.name}:{secrets.token_hex(12)}"
        try:
            user = await self._identities.add_account(name, verified=believed)
        except NameRefusedError as error:
            raise SignInError("exists", "there is an account of that address") from error
        try:
            await self._add(provider, claimed, user, reason="provider_linked")
        except SignInError:
            # Two first sign-ins of one person at once: the other one is kept.
            await self._identities.stores.forget(user.id)
            raise
        return user

    async def _add(self, provider: Provider, claimed: Claimed, user: User, *, reason: str) -> None:
        now = self._identities.clock()
        made = ExternalIdentity(
            issuer=claimed.issuer,
            subject=claimed.subject,
            user_id=user.id,
            provider=provider.name,
            email=claimed.email,
            proven=user.verified or "@" not in user.name,
            created=now,
            used=now,
        )
        if not await self._store.add(made):
            found = await self._store.find(claimed.issuer, claimed.subject)
            if found is None or found.user_id != user.id:
                raise SignInError("taken", "the identity comes in to another account")
            await self._prove(found, made)
        self._told(reason, "A provider was linked", user.id, provider.name)

    async def _prove(self, found: ExternalIdentity, made: ExternalIdentity) -> None:
        """Link once more what was linked before the account's address was verified."""
        if found.proven or not made.proven:
            return
        await self._store.drop(found.user_id, found.provider, keep_one=False)
        await self._store.add(replace(made, created=found.created))

    async def _has_other_way(self, user_id: str) -> bool:
        user = await self._identities.user(user_id)
        ways = await ways_of(self._identities.stores.factors, user_id)
        return user.password is not None or "passkey" in ways

    def _may_enter(self, user: User) -> None:
        if user.disabled:
            raise SignInError("disabled", "the account is disabled")
        if self._identities.policy.verified_only and not user.verified:
            raise SignInError("unverified", "the account's address is not verified")

    def _told(self, reason: str, message: str, user_id: str, provider: str) -> None:
        self._identities.told(
            EventKind.CREDENTIAL_CHANGED, reason, message, user_id, provider=provider
        )

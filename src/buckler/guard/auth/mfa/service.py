"""The second factors of accounts, as one service.

Threat: a password that was guessed, leaked or phished is enough (CWE-308; ASVS 5.0 V6.3.3), and a second factor that
is removed without anybody noticing (V6.3.7).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from buckler.guard.audit.events import EventKind, Listener, Severity
from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.lockout import Delays, Lockout
from buckler.guard.auth.mfa.codes import CodeFactors
from buckler.guard.auth.mfa.passkey import Ceremonies, PasskeyOptions
from buckler.guard.auth.mfa.passkeys import PasskeyFactors
from buckler.guard.auth.mfa.relying_party import RelyingParty
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.mfa.telling import Telling
from buckler.guard.auth.mfa.totp import TotpSetup
from buckler.guard.auth.mfa.ways import ways_of
from buckler.guard.options import GuardError, instance
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Passkey, User


class SecondFactors:
    """One-time passwords of an authenticator app, recovery codes, passkeys.

    Args:
        stores: Where they are kept.
        keys: Of 32 bytes, newest first; the first one encrypts the secrets of authenticators.
        service: What the application calls itself, in authenticator apps.
        base_url: Its address, which passkeys are bound to; without one there are no passkeys.
        tell: Gets an event for each change and each use.
        delays: Between guesses at an account's codes.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is wrong, or cryptography is not installed.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        keys: Sequence[bytes],
        service: str,
        base_url: str = "",
        tell: Listener,
        delays: Delays | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        instance(delays, "delays", Delays)
        if not isinstance(service, str) or not service:
            raise GuardError(
                "service: authenticator apps show what the application is called",
                hint="write service='Shop'",
            )
        self._stores = stores
        self._store = stores.factors
        self._service = service
        self._base_url = base_url
        self._clock = clock
        self._tell = Telling(tell, clock)
        self._codes = CodeFactors(
            stores.factors,
            Sealer(keys, "totp"),
            Lockout(
                stores.attempts,
                secret=keys[0],
                account=delays or Delays(cap=3600.0),
                clock=clock,
            ),
            self._tell,
            issuer=service,
            clock=clock,
        )

    @property
    def offers_passkeys(self) -> bool:
        """Whether the application has an address that browsers bind passkeys to."""
        try:
            RelyingParty.of(self._base_url, self._service)
        except GuardError:
            return False
        return True

    def prepare_passkeys(self) -> None:
        """Import what passkeys need, at the start: at a request all others would wait for it.

        Raises:
            GuardError: There is no address that passkeys are bound to, or webauthn is not installed.
        """
        Ceremonies(RelyingParty.of(self._base_url, self._service))

    @cached_property
    def _passkeys(self) -> PasskeyFactors:
        ceremonies = Ceremonies(RelyingParty.of(self._base_url, self._service))
        return PasskeyFactors(self._stores, ceremonies, self._tell, self._clock)

    async def ways(self, user_id: str) -> frozenset[str]:
        """The second factors that an account has: ``totp``, ``recovery``, ``passkey``."""
        return await ways_of(self._store, user_id)

    async def begin_totp(self, user: User) -> TotpSetup:
        """A new secret for an authenticator app; no factor until :meth:`confirm_totp`.

        Raises:
            FactorError: The account has an authenticator app, which is removed first (``exists``).
            GuardError: segno is not installed.
        """
        return await self._codes.begin(user)

    async def confirm_totp(self, user: User, code: str) -> tuple[str, ...]:
        """Let an authenticator app count.

        Returns:
            Recovery codes, where the account has none yet.

        Raises:
            FactorError: ``code``, ``not_begun``, ``exists``, ``changed``.
        """
        await self._codes.confirm(user, code)
        if await self._store.codes_left(user.id):
            return ()
        return await self._codes.issue(user.id)

    async def drop_totp(self, user_id: str, *, by: str = "") -> bool:
        """Remove an authenticator app, confirmed or not; False where there is none.

        Args:
            user_id: Whose.
            by: Who does it, where it is not the owner.
        """
        factor = await self._store.totp(user_id)
        if not await self._store.drop_totp(user_id):
            return False
        if factor is not None and factor.confirmed:
            self._changed("totp_removed", "An authenticator app was removed", user_id, by)
            await self._removed(user_id, by)
        return True

    async def verify(self, user_id: str, code: str, *, client: str = "") -> str:
        """Which factor a code is of: ``totp`` or ``recovery``. It counts once.

        Args:
            user_id: Whose it should be.
            code: As it was typed.
            client: Address that it comes from, for the log.

        Raises:
            FactorError: It does not count, or the account has to wait after too many guesses.
        """
        return await self._codes.verify(user_id, code, client=client)

    async def new_codes(self, user_id: str, *, by: str = "") -> tuple[str, ...]:
        """Recovery codes in place of all earlier ones.

        Raises:
            FactorError: The account has no factor that they would stand in for (``no_factor``).
        """
        if not await self.ways(user_id):
            raise FactorError("no_factor", "the account has no second factor to recover from")
        return await self._codes.issue(user_id, by=by)

    async def codes_left(self, user_id: str) -> int:
        """How many recovery codes an account has."""
        return await self._store.codes_left(user_id)

    async def begin_passkey(self, user: User) -> PasskeyOptions:
        """What asks the owner's browser for a new passkey.

        Raises:
            FactorError: The account has as many as it may (``too_many``).
            GuardError: There is no address that passkeys are bound to, or webauthn is not installed.
        """
        return await self._passkeys.begin(user)

    async def add_passkey(
        self, user: User, ticket: str, response: Mapping[str, Any], name: str
    ) -> Passkey:
        """Keep the passkey that a browser made.

        Args:
            user: Whose it will be.
            ticket: Of :meth:`begin_passkey`; counts once, whatever comes of it.
            response: What the browser gave, ``credential.toJSON()``.
            name: That its owner gives it, 100 characters at most.

        Raises:
            CredentialError: The ticket or the answer does not count.
        """
        return await self._passkeys.add(user, ticket, response, name)

    async def begin_sign_in(self, user_id: str | None = None) -> PasskeyOptions:
        """What asks a browser to use a passkey.

        Args:
            user_id: Whose; None: any that the device has for this site, so that nobody types a name.

        Raises:
            FactorError: The account has none (``no_factor``).
        """
        return await self._passkeys.begin_sign_in(user_id)

    async def finish_sign_in(
        self, ticket: str, response: Mapping[str, Any], *, client: str = ""
    ) -> str:
        """The id of the account whose passkey signed: two factors at once, and no phisher's.

        Args:
            ticket: Of :meth:`begin_sign_in`; counts once, whatever comes of it.
            response: What the browser gave, ``credential.toJSON()``.
            client: Address that it comes from, for the log.

        Raises:
            CredentialError: The ticket or the answer does not count.
        """
        return await self._passkeys.finish_sign_in(ticket, response, client=client)

    async def passkeys(self, user_id: str) -> Sequence[Passkey]:
        """Those of an account, newest first."""
        return await self._store.passkeys(user_id)

    async def drop_passkey(self, user_id: str, passkey_id: str, *, by: str = "") -> bool:
        """Remove one of an account's passkeys; False where it is not theirs."""
        if not await self._store.drop_passkey(user_id, passkey_id):
            return False
        self._changed("passkey_removed", "A passkey was removed", user_id, by)
        await self._removed(user_id, by)
        return True

    async def drop_all(self, user_id: str, *, by: str = "") -> bool:
        """Remove all factors of an account whose owner has lost them; False where there are none.

        Args:
            user_id: Whose.
            by: The administrator.
        """
        had = await self.ways(user_id)
        await self._store.drop_totp(user_id)
        await self._store.put_codes(user_id, [])
        for passkey in await self._store.passkeys(user_id):
            await self._store.drop_passkey(user_id, passkey.id)
        if self.offers_passkeys:
            await self._passkeys.forget_challenges(user_id)
        await self._codes.forget_guesses(user_id)
        if had:
            self._changed("factors_reset", "All factors were removed", user_id, by, warn=True)
        return bool(had)

    async def _removed(self, user_id: str, by: str) -> None:
        """Recovery codes stand in for another factor: with the last one they go, too."""
        if await self.ways(user_id):
            return
        await self._store.put_codes(user_id, [])
        self._changed(
            "last_factor_removed", "The account has no second factor now", user_id, by, warn=True
        )

    def _changed(
        self, reason: str, message: str, user_id: str, by: str, *, warn: bool = False
    ) -> None:
        weight = Severity.WARNING if warn else None
        self._tell(EventKind.CREDENTIAL_CHANGED, reason, message, user_id, by=by, severity=weight)

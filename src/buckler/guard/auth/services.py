"""The services behind accounts, each made when it is first asked for, so that no part costs what another needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import anyio

from buckler.guard.audit.events import Listener
from buckler.guard.auth.policy import AuthPolicy, Secret
from buckler.guard.auth.secret import derive, secrets_of
from buckler.guard.options import GuardError
from buckler.guard.stores.interface import Stores

if TYPE_CHECKING:
    from buckler.guard.auth.account import Accounts
    from buckler.guard.auth.lockout import Lockout
    from buckler.guard.auth.mfa.service import SecondFactors
    from buckler.guard.auth.one_time import OneTime
    from buckler.guard.auth.password.hashing import Passwords
    from buckler.guard.auth.password.policy import PasswordPolicy
    from buckler.guard.auth.sign_in import PasswordSignIn
    from buckler.guard.auth.tokens import TokenService
    from buckler.guard.stores.records import Session

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_DATABASE_HINT: Final = "write database='sqlite+aiosqlite:///shop.db', or MemoryStores() in a test"


class Services:
    """What :class:`~buckler.guard.auth.identities.Identities` is made of.

    Args:
        secret: Of the application.
        stores: Where all of it is kept.
        policy: How people and programs come in.
        tell: Takes security events.
        service: What the application calls itself.
        clock: Seconds since 1970.

    Raises:
        GuardError: The secret can be guessed.
    """

    def __init__(
        self,
        secret: Secret,
        stores: Stores,
        policy: AuthPolicy,
        tell: Listener,
        service: str,
        clock: Callable[[], float],
    ) -> None:
        self.policy = policy
        self.tell = tell
        self.clock = clock
        self.stores = stores
        self.service = service
        self.begun: list[Callable[[Session, Mapping[str, str]], Awaitable[None]]] = []
        """Told of each new session, and of what its ticket carried."""
        self._secrets = secrets_of(secret)

    def derived(self, purpose: str) -> bytes:
        """The key for one purpose, of the newest secret."""
        return derive(self._secrets[0], purpose)

    def derivable(self, purpose: str) -> tuple[bytes, ...]:
        """The keys for one purpose, of all secrets, newest first."""
        return tuple(derive(one, purpose) for one in self._secrets)

    @cached_property
    def tokens(self) -> TokenService:
        """Access and refresh tokens."""
        from buckler.guard.auth.jwt.keys import KeySet
        from buckler.guard.auth.jwt.token_policy import TokenPolicy
        from buckler.guard.auth.signing import ed25519
        from buckler.guard.auth.tokens import TokenService

        name = self.policy.base_url or f"urn:buckler:{_word(self.service)}"
        keys = self.policy.keys
        if keys is None:
            keys = KeySet(*(ed25519(key) for key in self.derivable("access token")))
        return TokenService(
            self.stores,
            keys,
            TokenPolicy(name, name),
            lifetime=self.policy.access_lifetime,
            idle=self.policy.refresh_idle,
            absolute=self.policy.refresh_absolute,
            tell=self.tell,
            clock=self.clock,
        )

    @cached_property
    def passwords(self) -> Passwords:
        """Makes and checks hashes."""
        from buckler.guard.auth.password.hashing import Passwords

        return Passwords(
            workers=self.policy.password_workers,
            queue=self.policy.password_queue,
            parameters=self.policy.hashing,
        )

    @cached_property
    def password_policy(self) -> PasswordPolicy:
        """What a new password has to be."""
        from buckler.guard.auth.password.policy import PasswordPolicy

        return self.policy.passwords or PasswordPolicy(service=(self.service,))

    @cached_property
    def lockout(self) -> Lockout:
        """Slows guesses down."""
        from buckler.guard.auth.lockout import Lockout

        return Lockout(self.stores.attempts, secret=self.derived("devices"), clock=self.clock)

    @cached_property
    def sign_in(self) -> PasswordSignIn:
        """Checks a name and a password."""
        from buckler.guard.auth.sign_in import PasswordSignIn

        return PasswordSignIn(
            self.stores.users, self.passwords, self.lockout, self.tell, self.clock
        )

    @cached_property
    def accounts(self) -> Accounts:
        """Sign-up, verification, reset and change of passwords."""
        from buckler.guard.auth.account import Accounts
        from buckler.guard.auth.mail import undelivered
        from buckler.guard.auth.one_time import Links

        return Accounts(
            self.stores.users,
            self.stores.one_time,
            self.stores.attempts,
            passwords=self.passwords,
            lockout=self.lockout,
            links=Links(self.policy.base_url or "http://localhost"),
            deliver=self.policy.deliver or undelivered,
            tell=self.tell,
            policy=self.password_policy,
            clock=self.clock,
        )

    @cached_property
    def one_time(self) -> OneTime:
        """Tokens that count once."""
        from buckler.guard.auth.one_time import OneTime

        return OneTime(self.stores.one_time, clock=self.clock)

    @cached_property
    def factors(self) -> SecondFactors:
        """Second factors of accounts."""
        from buckler.guard.auth.mfa.service import SecondFactors

        return SecondFactors(
            self.stores,
            keys=self.derivable("totp"),
            service=self.service,
            base_url=self.policy.base_url,
            tell=self.tell,
            clock=self.clock,
        )


def stores_of(database: str | Stores | None) -> Stores:
    """The stores of an address, or those given.

    Raises:
        GuardError: It is neither.
    """
    if database is None:
        raise GuardError("identities need a database", hint=_DATABASE_HINT)
    if isinstance(database, str):
        from buckler.guard.stores.sql import SqlStores

        # A file of one's own is made when it is not there; tables of a server come by migration.
        return SqlStores(database, create=database.startswith("sqlite"))
    if isinstance(database, type) or not callable(getattr(database, "standing", None)):
        raise GuardError("database is an address or stores", hint=_DATABASE_HINT)
    return database


async def opened(stores: Stores) -> None:
    """Open stores; where that fails, close what was opened on the way."""
    try:
        await stores.open()
    except BaseException:
        with anyio.CancelScope(shield=True):
            await stores.close()
        raise


def _word(text: str) -> str:
    return _NO_WORD.sub("-", text.lower()).strip("-") or "application"

"""Accounts, credentials and roles of an application, put together in the one right way.

Threat: sound parts that are joined wrongly: a password change that leaves sessions alive, a role that counts in one
worker alone, a token that outlives its session (CWE-613, CWE-863).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from buckler.guard.access.access import Access
from buckler.guard.access.roles import RoleBook, RolesGiven, fits, role_name, role_of
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.auth.api_key import ApiKeyAuthenticator, ApiKeyService
from buckler.guard.auth.credentials import Authenticator
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.policy import AuthPolicy, Secret
from buckler.guard.auth.secret import derive, secrets_of
from buckler.guard.auth.session import SessionAuthenticator, SessionService
from buckler.guard.options import GuardError, Weakness, instance
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Role, User

if TYPE_CHECKING:
    from buckler.guard.auth.account import Accounts
    from buckler.guard.auth.lockout import Lockout
    from buckler.guard.auth.mfa.service import SecondFactors
    from buckler.guard.auth.password.hashing import Passwords
    from buckler.guard.auth.password.policy import PasswordPolicy
    from buckler.guard.auth.sign_in import PasswordSignIn
    from buckler.guard.auth.tokens import TokenService

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_MAKE_ONE: Final = (
    "write secret=os.environ['SECRET']; make one: "
    "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
)
_DATABASE_HINT: Final = "write database='sqlite+aiosqlite:///shop.db', or MemoryStores() in a test"


class Identities:
    """Made by ``Guard(app, secret=..., database=...)``, where it is ``guard.identities``.

    Args:
        secret: Of the application.
        database: Where all of it is kept: an address, or stores.
        roles: That code states.
        policy: How people and programs come in.
        tell: Takes security events.
        title: Of the application, for its name where none is given.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is wrong or missing.
    """

    def __init__(
        self,
        secret: Secret | None,
        database: str | Stores | None,
        *,
        roles: RolesGiven | None = None,
        policy: AuthPolicy | None = None,
        tell: Listener,
        title: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if secret is None:
            raise GuardError("identities need a secret", hint=_MAKE_ONE)
        instance(policy, "auth", AuthPolicy)
        self.policy = AuthPolicy() if policy is None else policy
        self.tell = tell
        self.clock = clock
        self.stores = stores_of(database)
        self.service = self.policy.service or title or "application"
        self._secrets = secrets_of(secret)
        self._known: Callable[[], frozenset[str]] = frozenset
        self._opened = False
        self.roles = RoleBook(roles, self.permissions, self.stores.roles)
        self.keys = ApiKeyService(
            self.stores.keys,
            prefix=self.policy.key_prefix,
            lifetime=self.policy.key_lifetime,
            clock=clock,
        )
        self.sessions = SessionService(
            self.stores.sessions,
            cookie=self.policy.session_cookie,
            idle=self.policy.session_idle,
            absolute=self.policy.session_absolute,
            clock=clock,
        )
        self.ways: tuple[Authenticator, ...] = tuple(self._ways())
        self.access = Access(
            self.stores,
            self.roles,
            self.ways,
            declared=self.permissions,
            tell=tell,
            realm=_quotable(self.service),
            clock=clock,
            ready=self.ready,
        )

    def know(self, permissions: Callable[[], frozenset[str]]) -> None:
        """Take from here on what permissions the application names."""
        self._known = permissions

    def permissions(self) -> frozenset[str]:
        """All permissions that the application names."""
        return self._known()

    def named(self) -> frozenset[str]:
        """Those that its roles name."""
        return self.roles.named()

    def derived(self, purpose: str) -> bytes:
        """The key for one purpose, of the newest secret."""
        return derive(self._secrets[0], purpose)

    def derivable(self, purpose: str) -> tuple[bytes, ...]:
        """The keys for one purpose, of all secrets, newest first."""
        return tuple(derive(one, purpose) for one in self._secrets)

    async def ready(self) -> None:
        """Open the stores, once; awaited at the start, or at the first request where there was none."""
        if not self._opened:
            await self.stores.open()
            self._opened = True

    async def close(self) -> None:
        """Give connections back."""
        if self._opened:
            self._opened = False
            await self.stores.close()

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

        return Passwords(workers=self.policy.password_workers, queue=self.policy.password_queue)

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

    async def sign_out_everywhere(self, user_id: str, *, but: str = "", by: str = "") -> None:
        """End all sessions and tokens of an account; its API keys stay.

        Args:
            user_id: Whose.
            but: Id of the session that stays.
            by: Who wants it; else the account itself.
        """
        if not but:
            await self.stores.users.set_state(user_id, valid_from=self.clock())
        await self.sessions.revoke_all(user_id, but=but)
        await self.tokens.revoke_all(user_id, but=but)
        self.told(EventKind.SIGNED_OUT, "everywhere", "Signed out everywhere", user_id, by)

    async def assign(self, user_id: str, role: str, *, by: str = "") -> bool:
        """Give an account a role; it counts at the next request, in every worker.

        Args:
            user_id: Whose.
            role: Its name.
            by: Who does it, for the security log.

        Raises:
            GuardError: There is no such role.
        """
        if role_name(role) not in await self.roles.current():
            raise GuardError(
                f"there is no role {role!r}", hint="put_role(...), or Guard(roles=...)"
            )
        changed = await self.stores.roles.assign(user_id, role)
        if changed:
            self._rights(user_id, by, "assigned", {"to": role})
        return changed

    async def withdraw(self, user_id: str, role: str, *, by: str = "") -> bool:
        """Take a role from an account; False where it has it not."""
        changed = await self.stores.roles.withdraw(user_id, role_name(role))
        if changed:
            self._rights(user_id, by, "withdrawn", {"from": role})
        return changed

    async def put_role(
        self,
        name: str,
        permissions: Iterable[str],
        *,
        inherits: Iterable[str] = (),
        by: str = "",
    ) -> Role:
        """Make or change a role at run time; it takes the place of one that code states.

        Raises:
            GuardError: A permission is none, or a role that it inherits from does not exist or inherits from it.
        """
        made = role_of(
            name,
            Role(name=name, permissions=frozenset(permissions), inherits=frozenset(inherits)),
        )
        book = {**await self.roles.current(), name: made}
        fits(book, made)
        await self.stores.roles.put(made)
        self._rights("", by, "role_changed", {"role": name})
        return made

    async def drop_role(self, name: str, *, by: str = "") -> bool:
        """Remove a role that was put at run time, and its assignments; False where there is none."""
        dropped = await self.stores.roles.drop(role_name(name))
        if dropped:
            self._rights("", by, "role_dropped", {"role": name})
        return dropped

    async def disable(self, user_id: str, *, by: str = "") -> bool:
        """Let an account do nothing more, at once; False where there is none."""
        changed = await self.stores.users.set_state(user_id, disabled=True, valid_from=self.clock())
        if changed:
            self.told(EventKind.ACCOUNT_CHANGED, "disabled", "Account disabled", user_id, by)
        return changed

    async def enable(self, user_id: str, *, by: str = "") -> bool:
        """Let it sign in again; False where there is none."""
        changed = await self.stores.users.set_state(user_id, disabled=False)
        if changed:
            self.told(EventKind.ACCOUNT_CHANGED, "enabled", "Account enabled", user_id, by)
        return changed

    async def user(self, user_id: str) -> User:
        """An account.

        Raises:
            CredentialError: There is none (``no_account``).
        """
        found = await self.stores.users.get(user_id)
        if found is None:
            raise CredentialError("no_account", "the account is gone")
        return found

    def weaknesses(self) -> Iterator[Weakness]:
        """What is set weaker than the defaults."""
        if self.policy.basic_over_http:
            yield ("basic_over_http", "basic_over_http=True: passwords go over plain http")
        if self.policy.key_lifetime is None:
            yield ("keys_without_end", "key_lifetime=None: API keys never end; name a time")
        if type(self.stores).__name__ == "MemoryStores":
            yield (
                "identities_in_memory",
                "MemoryStores: accounts and sessions are gone with the process; name a database",
            )

    def told(
        self, kind: EventKind, reason: str, message: str, user_id: str, by: str = "", **detail: str
    ) -> None:
        """Tell what happened to an account."""
        more = {**detail, **({"subject": user_id} if user_id else {})}
        self.tell(
            SecurityEvent(
                kind=kind, reason=reason, message=message, principal=by or user_id, detail=more
            )
        )

    def _rights(self, user_id: str, by: str, reason: str, detail: dict[str, str]) -> None:
        self.told(EventKind.RIGHTS_CHANGED, reason, "Rights were changed", user_id, by, **detail)

    def _ways(self) -> Iterator[Authenticator]:
        """In the order in which they are looked for: what is sent on purpose before what browsers send."""
        wanted = self.policy.ways
        if "api_key" in wanted:
            yield ApiKeyAuthenticator(self.keys, header=self.policy.key_header)
        if "bearer" in wanted:
            from buckler.guard.auth.bearer import BearerAuthenticator

            yield BearerAuthenticator(self.tokens.verifier, token_url=f"{self.policy.prefix}/token")
        if "basic" in wanted:
            yield self._basic()
        if "session" in wanted:
            yield SessionAuthenticator(self.sessions)

    def _basic(self) -> Authenticator:
        from buckler.guard.auth.basic import BasicAuthenticator

        return BasicAuthenticator(
            self.sign_in, self.stores.users, insecure=self.policy.basic_over_http, clock=self.clock
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


def _word(text: str) -> str:
    return _NO_WORD.sub("-", text.lower()).strip("-") or "application"


def _quotable(text: str) -> str:
    """The text as a quoted string takes it (RFC 9110, 5.6.4)."""
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')

"""Accounts, credentials and roles of an application, put together in the one right way.

Threat: sound parts that are joined wrongly: a password change that leaves sessions alive, a role that counts in one
worker alone, a token that outlives its session (CWE-613, CWE-863).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import anyio

from buckler.guard.access.access import Access
from buckler.guard.access.roles import RoleBook, RolesGiven, fits, role_name, role_of
from buckler.guard.audit.events import EventKind, Listener, Scalar, SecurityEvent
from buckler.guard.auth.api_key import ApiKeyAuthenticator, ApiKeyService
from buckler.guard.auth.credentials import Authenticator
from buckler.guard.auth.endings import Endings
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.mail import behind
from buckler.guard.auth.mfa.ways import ways_of
from buckler.guard.auth.policy import AuthPolicy, Secret
from buckler.guard.auth.services import Services, opened, stores_of
from buckler.guard.auth.session import SessionAuthenticator, SessionService
from buckler.guard.options import GuardError, check_clock, instance
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Role, User

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import HTTPConnection

    from buckler.guard.auth.forms import FormSignIn

PRUNE_EVERY: Final = 3600.0
MAILS_WAIT: Final = 10.0
"""Seconds that what is under way behind answers, mails among it, is waited for at the end."""
log: Final = logging.getLogger("buckler.guard")
PERMISSIONS: Final = ("accounts:read", "accounts:manage", "roles:manage")
"""Of the ready-made routes that administer."""
_MAKE_ONE: Final = (
    "write secret=os.environ['SECRET']; make one: "
    "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
)


class Identities(Services):
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
        wanted = AuthPolicy() if policy is None else policy
        name = wanted.service or title or "application"
        super().__init__(secret, stores_of(database), wanted, tell, name, clock)
        self._known: Callable[[], frozenset[str]] = frozenset
        self.administrative = {*PERMISSIONS}
        self._opened = False
        self._opening: anyio.Lock | None = None
        self.endings = Endings()
        self._prune_at = 0.0
        self._pruning = False
        check_clock(clock)
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
            second_factor=self.policy.second_factor,
        )

    def know(self, permissions: Callable[[], frozenset[str]]) -> None:
        """Take from here on what permissions the application names."""
        self._known = permissions

    def permissions(self) -> frozenset[str]:
        """All permissions that the application names."""
        return self._known()

    def named(self) -> frozenset[str]:
        """Those that its roles and the ready-made routes name."""
        return self.roles.named() | self.administrative

    @property
    def offers_passkeys(self) -> bool:
        """Whether browsers can sign in with passkeys: the packages are there, and an address to bind them to."""
        from buckler.guard.auth.mfa import installed

        return "session" in self.policy.ways and installed() and self.factors.offers_passkeys

    async def ready(self) -> None:
        """Open the stores, once; awaited at the start, or at the first request where there was none."""
        if not self._opened:
            # Where nobody started the application, its first requests come at once.
            opening = self._opening = self._opening or anyio.Lock()
            async with opening:
                if not self._opened:
                    await opened(self.stores)
                    self._opened, self._opening = True, None
        now = self.clock()
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY
            self._pruning = True
            behind(self._prune)

    async def _prune(self) -> None:
        """Remove what has expired. Every worker may do it: there is nothing to be lost twice."""
        try:
            await self.stores.prune(self.clock())
        except StoreError:
            log.exception("what has expired could not be removed; the next try is in an hour")
        finally:
            self._pruning = False

    async def close(self) -> None:
        """Give connections back."""
        if self._opened:
            self._opened = False
            with anyio.move_on_after(MAILS_WAIT):
                while self._pruning:
                    await anyio.sleep(0.01)
                if "accounts" in self.__dict__:  # else it was never asked for
                    await self.accounts.outbox.drain()
                for wait in self.endings.application:
                    await wait()
            await self.stores.close()

    async def second_factors(self, user_id: str) -> frozenset[str]:
        """The second factors that an account has: ``totp``, ``passkey``, ``recovery``."""
        return await ways_of(self.stores.factors, user_id)

    @cached_property
    def forms(self) -> FormSignIn:
        """Signs in from pages of the application's own."""
        from buckler.guard.auth.forms import FormSignIn

        return FormSignIn(self)

    def router(self, *, administration: bool = True) -> APIRouter:
        """The ready-made routes, below ``AuthPolicy(prefix=...)``.

        Example::

            app.include_router(guard.identities.router())

        Args:
            administration: Whether those that administer accounts and roles are among them.
        """
        from buckler.guard.auth.routes.all import router

        return router(self, administration=administration)

    async def sign_out_everywhere(self, user_id: str, *, but: str = "", by: str = "") -> None:
        """End all sessions and tokens of an account; its API keys stay.

        Args:
            user_id: Whose.
            but: Id of the session that stays.
            by: Who wants it; else the account itself.
        """
        if not but:
            await self.stores.users.set_state(user_id, valid_from=self.clock())
        await self.end_all(user_id, but=but)
        self.told(EventKind.SIGNED_OUT, "everywhere", "Signed out everywhere", user_id, by)

    async def end_all(self, user_id: str, *, but: str = "") -> None:
        """End all sessions and tokens of an account but one."""
        await self.sessions.revoke_all(user_id, but=but)
        await self.tokens.revoke_all(user_id, but=but)
        for react in self.endings.everywhere:
            await react(user_id, but)

    async def add_account(
        self,
        name: str,
        *,
        password: str | None = None,
        roles: Iterable[str] = (),
        verified: bool = False,
        by: str = "",
    ) -> User:
        """Make an account from code; no mail is sent. The caller is told of one that is there: never a route for all.

        Args:
            name: That it signs in with.
            password: Judged as at sign-up; None for programs, which come in by API keys.
            roles: That it gets.
            verified: Whether the address is known to be its owner's.
            by: Who does it, for the security log.

        Raises:
            NameRefusedError: There is one of this name (``taken``), or nobody can have it.
            PasswordPolicyError: The password may not be taken.
            GuardError: There is no such role.
        """
        from buckler.guard.auth import new_account

        return await new_account.add_account(
            self, name, password=password, roles=roles, verified=verified, by=by
        )

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
        if changed := await self.stores.roles.withdraw(user_id, role_name(role)):
            left = ", ".join(sorted(await self.stores.roles.of(user_id)))
            self._rights(user_id, by, "withdrawn", {"from": role, "left": left})
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
            await self.end_all(user_id)
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

    async def active(self, user_id: str) -> User:
        """An account that may sign in.

        Raises:
            CredentialError: There is none (``no_account``), or it is disabled (``disabled``).
        """
        found = await self.user(user_id)
        if found.disabled:
            raise CredentialError("disabled", "the account is disabled")
        return found

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

    def tell_request(
        self,
        request: HTTPConnection,
        kind: EventKind,
        reason: str,
        message: str,
        *,
        status: int = 0,
        detail: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Tell what happened in a request."""
        self.access.tell(request.scope, kind, reason, message, status=status, detail=detail)

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
            self.sign_in,
            self.stores.users,
            second_factors=self.second_factors,
            verified_only=self.policy.verified_only,
            insecure=self.policy.basic_over_http,
            clock=self.clock,
        )


def _quotable(text: str) -> str:
    """The text as a quoted string takes it (RFC 9110, 5.6.4)."""
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')

"""Who sends a request, and whether they may: decided here for every route, mount, page and websocket.

Threat: an access check that one of many places forgot, did differently, or did with rights of yesterday
(CWE-862, CWE-863; OWASP API1, API5; ASVS 5.0 V8). How the account stands is read from the store at each
request, so that what another worker revoked, disabled or changed counts at once.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from buckler.guard import inbound
from buckler.guard.access.permissions import resolve
from buckler.guard.access.requirement import SECOND, Requirement
from buckler.guard.access.roles import RoleBook
from buckler.guard.audit.events import EventKind, Scalar, SecurityEvent
from buckler.guard.auth import credentials
from buckler.guard.auth.credentials import Authenticator, Credentials, Identity
from buckler.guard.auth.errors import CredentialError, TooBusyError
from buckler.guard.auth.principal import Principal
from buckler.guard.inbound import Scope
from buckler.guard.options import GuardError
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.interface import Stores

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

KEY: Final = "buckler.principal"
"""Where the scope holds who sends the request."""
Tell = Callable[[SecurityEvent], None]
_POLICY_VIOLATION: Final = 1008  # RFC 6455, 7.4.1


class Access:
    """Decides on requests.

    Args:
        stores: Of the accounts.
        roles: As they stand.
        authenticators: Ways to come in, in the order in which they are looked for.
        declared: Tells all permissions that the application knows.
        tell: Takes security events.
        realm: Of the challenges.
        clock: Seconds since 1970.
        ready: Awaited before the first decision: the stores are open then.
        second_factor: Whether people must have shown a second factor where a route does not say.
    """

    def __init__(
        self,
        stores: Stores,
        roles: RoleBook,
        authenticators: Sequence[Authenticator],
        *,
        declared: Callable[[], Iterable[str]],
        tell: Tell,
        realm: str = "",
        clock: Callable[[], float] = time.time,
        ready: Callable[[], Awaitable[None]] | None = None,
        second_factor: bool = False,
    ) -> None:
        self._stores = stores
        self._roles = roles
        self._ways = tuple(authenticators)
        self._declared = declared
        self._tell = tell
        self._clock = clock
        self._ready = ready
        self._second_factor = second_factor
        self._pretended: Principal | None = None
        self.realm = realm

    @contextmanager
    def pretending(self, principal: Principal) -> Iterator[None]:
        """Take every request for somebody's: for tests alone."""
        before, self._pretended = self._pretended, principal
        try:
            yield
        finally:
            self._pretended = before

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Who sends a request, worked out once for each; None where no credential came.

        Raises:
            starlette.exceptions.HTTPException: 401, a credential came that does not count; 503, too busy.
            starlette.exceptions.WebSocketException: The same for a websocket.
        """
        scope = connection.scope
        if self._pretended is not None:
            return self._pretended
        # Kept with the one who decided: a mounted application may have accounts of its own.
        known: tuple[Access, Principal | None] | None = scope.get(KEY)
        if known is not None and known[0] is self:
            return known[1]
        if self._ready is not None:
            await self._ready()
        try:
            found = await self._identified(scope, credentials.read(scope))
        except CredentialError as error:
            self.tell(scope, EventKind.TOKEN_REFUSED, error.reason, error.message, status=401)
            self.refuse(connection, 401, ("invalid_token", ""))
        except (TooBusyError, StoreError) as error:
            self.tell(scope, EventKind.FAILED, error.code, "Nobody could be identified", status=503)
            self.refuse(connection, 503, ("", ""))
        if found is not None:
            await inbound.identify(scope, found.id)
        scope[KEY] = (self, found)
        return found

    async def admit(self, connection: HTTPConnection, required: Requirement) -> Principal | None:
        """Who sends a request, if they may pass.

        Returns:
            The principal; None only where the route is public, and nobody came or it does not want to know.

        Raises:
            starlette.exceptions.HTTPException: 401 or 403; 503, too busy.
            starlette.exceptions.WebSocketException: The same for a websocket.
        """
        if required.public:
            return await self.principal(connection) if required.known else None
        found = await self.principal(connection)
        scope = connection.scope
        if found is None:
            self.tell(
                scope, EventKind.ACCESS_REFUSED, "anonymous", "Nobody was signed in", status=401
            )
            self.refuse(connection, 401, ("", ""))
        if required.schemes is not None and found.scheme not in required.schemes:
            self._refused(connection, "scheme", "They came in by another way than the route takes")
        if not required.allows(found):
            missing = " ".join(sorted(set(required.permissions) - found.permissions))
            self._refused(connection, "permission", "A permission is missing", missing)
        if required.verified and not found.verified:
            self._refused(connection, "unverified", "The account's address is not verified")
        self._step_up(connection, found, required)
        for condition in required.conditions:
            answer: Any = condition(found, connection)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is not True:
                name = getattr(condition, "__name__", "condition")
                self._refused(connection, "condition", "A condition of the route is not met", name)
        return found

    def database(self) -> AbstractAsyncContextManager[Any]:
        """A session on guard's own database, for objects that are kept there.

        Raises:
            GuardError: Its stores are not in SQL.
        """
        make: Any = getattr(self._stores, "session", None)
        if make is None:
            raise GuardError(
                "guard has no SQL database to read the object from",
                hint="name the application's session: owned(..., session=get_session)",
            )
        return make()  # type: ignore[no-any-return]

    def refuse_object(self, connection: HTTPConnection, owner: bool) -> NoReturn:
        """Refuse somebody else's object as one that is not there.

        Args:
            connection: The request.
            owner: Whether it exists and belongs to somebody else.
        """
        if owner:
            self.tell(
                connection.scope,
                EventKind.ACCESS_REFUSED,
                "owner",
                "The object belongs to somebody else",
                status=404,
            )
        self.refuse(connection, 404, ("", ""))

    async def _identified(self, scope: Scope, came: Credentials) -> Principal | None:
        """The first way whose credential came decides; what it refuses no other way lets in."""
        for way in self._ways:
            if way.came(came):
                identity = await way.identify(came)
                found, roles = await self._standing(identity)
                layer = inbound.of(scope)
                if layer is not None and scope["type"] == "http":
                    layer.more += await way.settle(came, identity, roles)
                return found
        if came.kind:
            raise CredentialError("scheme", "Authorization has a scheme that is not configured")
        return None

    async def _standing(self, identity: Identity) -> tuple[Principal, frozenset[str]]:
        """Who it is as the account stands, and the roles that it was given."""
        standing = await self._stores.standing(identity.user_id, *identity.token_ids)
        if standing is None:
            raise CredentialError("no_account", "the account is gone")
        user = standing.user
        if user.disabled:
            raise CredentialError("disabled", "the account is disabled")
        if standing.revoked:
            raise CredentialError("revoked", "the credential is revoked")
        if identity.issued < user.valid_from:
            raise CredentialError("signed_out", "the account was signed out everywhere since")
        rights = await self._roles.rights(standing.roles, standing.epoch)
        permissions = rights.permissions
        if identity.scopes is not None:
            permissions &= resolve(identity.scopes, self._declared())
        found = Principal(
            id=user.id,
            name=user.name,
            permissions=permissions,
            roles=rights.roles,
            scheme=identity.scheme,
            scopes=identity.scopes,
            credential=identity.credential,
            factors=identity.factors,
            authenticated=identity.authenticated,
            verified=user.verified,
        )
        return found, standing.roles

    def _step_up(self, connection: HTTPConnection, found: Principal, required: Requirement) -> None:
        """RFC 9470: what came in is good, but not good enough for this."""
        reason = ""
        second = required.second_factor
        if second is None:  # a key is no person, and was made by one who had shown theirs
            second = self._second_factor and found.scheme != "api_key"
        if second and found.factors.isdisjoint(SECOND):
            reason = "second_factor"
        elif required.recent is not None and (
            self._clock() - found.authenticated > required.recent
        ):
            reason = "stale"
        if not reason:
            return
        more = f", max_age={required.recent:.0f}" if required.recent is not None else ""
        if second:
            more += ', acr_values="mfa"'
        self.tell(
            connection.scope,
            EventKind.ACCESS_REFUSED,
            reason,
            "A factor has to be shown again for this",
            status=401,
        )
        self.refuse(connection, 401, ("insufficient_user_authentication", more))

    def _refused(
        self, connection: HTTPConnection, reason: str, message: str, needed: str = ""
    ) -> NoReturn:
        detail: dict[str, Scalar] = {"needed": needed} if needed else {}
        self.tell(
            connection.scope, EventKind.ACCESS_REFUSED, reason, message, status=403, detail=detail
        )
        scope = f', scope="{needed}"' if reason == "permission" else ""
        self.refuse(connection, 403, ("insufficient_scope", scope))

    def refuse(self, connection: HTTPConnection, status: int, error: tuple[str, str]) -> NoReturn:
        """Raise what the caller is answered.

        Args:
            connection: The request.
            status: Of the answer.
            error: Code after RFC 6750, 3.1 or RFC 9470, 3, and what follows it.
        """
        from starlette.exceptions import HTTPException, WebSocketException

        if connection.scope["type"] == "websocket":
            raise WebSocketException(_POLICY_VIOLATION)
        headers = {"Retry-After": "1"} if status == 503 else {}
        if status == 401 or (status == 403 and "authorization" in connection.headers):
            headers["WWW-Authenticate"] = self._challenges(*error)
        raise HTTPException(status, headers=headers or None)

    def _challenges(self, error: str, more: str) -> str:
        """One for each way that HTTP has a scheme for; of the error only what the RFC allows."""
        found = []
        for way in self._ways:
            if not way.challenge:
                continue
            text = f'{way.challenge} realm="{self.realm}"'
            if way.challenge == "Bearer" and error:
                text += f', error="{error}"{more}'
            found.append(text)
        # RFC 9110, 15.5.2: a 401 has one, whatever ways there are.
        return ", ".join(found) or f'Session realm="{self.realm}"'

    def tell(
        self,
        scope: Mapping[str, Any],
        kind: EventKind,
        reason: str,
        message: str,
        *,
        status: int = 0,
        detail: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Tell what happened to a request."""
        self._tell(event(scope, kind, reason, message, status=status, detail=detail))


def event(
    scope: Mapping[str, Any],
    kind: EventKind,
    reason: str,
    message: str,
    *,
    status: int = 0,
    detail: Mapping[str, Scalar] | None = None,
) -> SecurityEvent:
    """An event with what is known of its request.

    Args:
        scope: Of ASGI.
        kind: What happened.
        reason: A stable word for why.
        message: One sentence for people.
        status: Of the answer.
        detail: More, by name.
    """
    found = inbound.of(scope)
    peer = scope.get("client")
    route = getattr(scope.get("route"), "path", "")
    return SecurityEvent(
        kind=kind,
        reason=reason,
        message=message,
        request_id=found.id if found else "",
        method=scope.get("method", ""),
        route=found.plan.template if found else route,
        client=found.client if found else (peer[0] if peer else ""),
        principal=found.principal if found else "",
        status=status,
        detail=detail or {},
    )

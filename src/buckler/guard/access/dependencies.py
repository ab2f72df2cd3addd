"""``requires``, ``authenticated`` and ``public``: what a route says of who may pass, where FastAPI wants it.

The values stand in ``Annotated`` or in ``dependencies=[...]`` of a route, a router or an application, and
around what is mounted. They know no guard: the one around the application decides at the request, so that
routers import them without the application. Without a guard, or with one that has no identities, every
request is an error, never let through (CWE-636).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi.openapi.models import HTTPBearer
from fastapi.params import Depends, Security
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from buckler.guard import inbound
from buckler.guard.access.permissions import permission
from buckler.guard.access.requirement import MARK, PUBLIC, Condition, Requirement, requirement
from buckler.guard.auth.principal import Principal, Scheme
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.access.access import Access

SCHEME: Final = "buckler"
"""Name of the scheme in a document of OpenAPI that no guard has completed."""
T = TypeVar("T")
_AS_THEY_ARE: Final = (
    "write dependencies=[public] or [authenticated], or Annotated[Principal, authenticated]"
)
_ASGI: Final = ("scope", "receive", "send")
_SIGNATURE: Final = inspect.Signature(
    [
        inspect.Parameter(
            "connection", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection
        )
    ]
)


def access_of(scope: Mapping[str, Any]) -> Access:
    """What decides on a request: of the innermost guard around it that has identities.

    Raises:
        GuardError: There is none.
    """
    found = inbound.of(scope)
    while found is not None:
        if found.plan.access is not None:
            return found.plan.access
        found = found.outer
    raise GuardError(
        "a route states who may pass, and no guard with identities is around the application",
        hint="write Guard(app, secret=..., database='sqlite+aiosqlite:///shop.db')",
    )


class Required(SecurityBase):
    """The dependency behind ``requires``; gives the principal to the handler.

    Args:
        required: Who may pass.
    """

    def __init__(self, required: Requirement) -> None:
        self.model = HTTPBearer()
        self.scheme_name = SCHEME
        self.required = required
        # FastAPI before 0.121 does not resolve annotations of an object's call.
        self.__signature__ = _SIGNATURE
        setattr(self, MARK, required)

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """Let pass, or raise what the caller is answered."""
        return await access_of(connection.scope).admit(connection, self.required)


class Anybody:
    """The dependency behind ``public``: lets everybody pass, and says so to the audit at the start."""

    def __init__(self) -> None:
        setattr(self, MARK, PUBLIC)

    async def __call__(self) -> None:
        """Let pass."""


class AccessRule(Security):
    """What a route says of who may pass: a dependency of FastAPI that also goes around what is mounted.

    Args:
        required: Who may pass.
    """

    def __init__(self, required: Requirement) -> None:
        super().__init__(dependency=Required(required), scopes=list(required.permissions))
        object.__setattr__(self, "required", required)

    def __call__(self, app: Any = None) -> Any:
        """Put the rule around an application that is mounted: FastAPI, StaticFiles, any ASGI object.

        Raises:
            GuardError: It is a handler, which takes the rule by ``Annotated`` or ``dependencies``, a class, or
                nothing, as of ``authenticated()``.
        """
        if app is None:
            raise GuardError("authenticated() and optional() are values", hint=_AS_THEY_ARE)
        return _around(app, getattr(self, "required"))  # noqa: B009

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class PublicRule(Depends):
    """What a route says that anybody may call; also a decorator of a handler, and around what is mounted."""

    def __init__(self) -> None:
        super().__init__(dependency=Anybody())

    def __call__(self, app: Any = None) -> Any:
        """Mark a handler, or an application that is mounted, as public.

        Raises:
            GuardError: It is nothing, as of ``public()``.
        """
        if app is None:
            raise GuardError("public() is a value", hint=_AS_THEY_ARE)
        setattr(app, MARK, PUBLIC)
        return app

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _around(app: T, required: Requirement) -> T:
    from buckler.guard.access.gate import Gate

    given: Any = app
    called = inspect.isfunction(given) or inspect.ismethod(given)
    if isinstance(app, type) or (called and tuple(inspect.signature(given).parameters) != _ASGI):
        raise GuardError(
            f"{getattr(app, '__name__', 'a handler')}: a rule does not go around a handler",
            hint="write dependencies=[requires(...)] in the route's decorator, "
            "or me: Annotated[Principal, requires(...)] among its parameters",
        )
    made: Any = Gate(app, required)  # type: ignore[arg-type]
    return made  # type: ignore[no-any-return]


def requires(
    *permissions: str,
    any_of: bool = False,
    schemes: Iterable[Scheme] | None = None,
    recent: float | None = None,
    second_factor: bool | None = None,
    verified: bool = False,
    when: Condition | Iterable[Condition] = (),
) -> Any:
    """Who may call a route.

    Example::

        @app.post("/orders")
        async def order(me: Annotated[Principal, requires("orders:write")]): ...

    Args:
        permissions: All of them are needed; none: to be signed in is enough.
        any_of: One of them is enough.
        schemes: How they may come in, e.g. ``["session"]``; None for every configured way.
        recent: Seconds since they last showed a factor, at most (step-up; RFC 9470).
        second_factor: Whether they must have shown one besides the password; None: as ``AuthPolicy`` has it.
        verified: Whether their address must be verified.
        when: Functions of principal and connection that must all return True; they may be ``async``.

    Returns:
        A dependency for ``Annotated`` and ``dependencies``, whose value is the :class:`Principal`.

    Raises:
        GuardError: An option is wrong.
    """
    for one in permissions:
        permission(one)
    return AccessRule(
        requirement(
            permissions,
            any_of=any_of,
            schemes=schemes,
            recent=recent,
            second_factor=second_factor,
            verified=verified,
            when=when,
        )
    )


authenticated: Any = requires()
"""Whoever is signed in may call the route."""

public: Any = PublicRule()
"""Anybody may call the route: in ``dependencies=[public]``, or as a decorator below the route's."""

optional: Any = AccessRule(Requirement(public=True, known=True))
"""Anybody may call the route, which gets the :class:`Principal`, or None; a credential that is wrong is refused."""

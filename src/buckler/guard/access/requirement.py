"""What a route requires, as one value that FastAPI takes for a dependency and the start-up audit for a policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from buckler.guard.access.permissions import permission
from buckler.guard.auth.principal import Principal, Scheme
from buckler.guard.options import GuardError, flag, positive, texts

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    Condition = Callable[[Principal, HTTPConnection], bool | Awaitable[bool]]
else:
    Condition = Callable[..., Any]
SECOND: Final = frozenset({"totp", "recovery", "passkey"})
"""Factors that are more than a password (NIST SP 800-63B-4, AAL2)."""
SELF: Final = "'self'"
"""The application's own origin, as a policy of a page names it (CSP3, 2.3.1)."""
MARK: Final = "__buckler_access__"
"""Attribute of a dependency, a handler or a mounted application that holds its requirement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Who may pass.

    Attributes:
        public: Anybody; nothing else counts then.
        known: Whether a public route wants to know who it is, if somebody came.
        permissions: What they must have.
        any_of: Whether one of them is enough.
        schemes: How they may come in; None for every configured way.
        recent: Seconds since they last showed a factor, at most; None for any time.
        second_factor: Whether a factor besides the password must have been shown; None: as the application's
            policy has it.
        verified: Whether their address must be verified.
        conditions: Functions of principal and connection; all must say yes.
        owner_of: Parameter of the path that names an object which must be theirs; empty for none.
        override: Permission of those for whom its owner does not matter.
        elsewhere: What a server of resources requires, in a few words, where it decides; empty where guard does.
        scopes: Of the token that it wants then.
        signs_in_at: Origins that ``/docs`` calls to sign in for it; :data:`SELF` for the application's own.

    Raises:
        GuardError: An option is wrong.
    """

    public: bool = False
    known: bool = False
    permissions: tuple[str, ...] = ()
    any_of: bool = False
    schemes: frozenset[Scheme] | None = None
    recent: float | None = None
    second_factor: bool | None = None
    verified: bool = False
    conditions: tuple[Condition, ...] = ()
    owner_of: str = ""
    override: str = ""
    elsewhere: str = ""
    scopes: tuple[str, ...] = ()
    signs_in_at: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in self.permissions:
            permission(one)
        for name in ("public", "known", "any_of", "verified"):
            flag(getattr(self, name), name)
        if self.second_factor is not None:
            flag(self.second_factor, "second_factor")
        if self.recent is not None:
            positive(self.recent, "recent")
        for one in self.schemes or ():
            if one not in get_args(Scheme):
                raise GuardError(
                    f"schemes: {one!r} is none", hint=f"one of {', '.join(get_args(Scheme))}"
                )
        if self.schemes is not None and not self.schemes:
            raise GuardError("schemes=[] lets nobody in", hint="leave it out for every way")
        for condition in self.conditions:
            if not callable(condition) or isinstance(condition, type):
                raise GuardError(
                    f"when takes functions of principal and connection, not {condition!r}",
                    hint="write when=lambda principal, request: principal.verified",
                )

    def allows(self, principal: Principal) -> bool:
        """Whether the permissions of a principal are enough."""
        if not self.permissions:
            return True
        if len(self.permissions) == 1:
            return self.permissions[0] in principal.permissions
        if self.any_of:
            return not principal.permissions.isdisjoint(self.permissions)
        return principal.permissions.issuperset(self.permissions)

    def words(self) -> str:
        """In a few words, for the table of who may do what."""
        if self.public or self.elsewhere:
            return self.elsewhere or "public"
        parts = [(" or " if self.any_of else " and ").join(self.permissions) or "signed in"]
        if self.owner_of:
            parts.append(f"owner or {self.override}" if self.override else "owner")
        if self.second_factor:
            parts.append("second factor")
        if self.recent is not None:
            parts.append(f"shown within {self.recent:g} s")
        if self.verified:
            parts.append("verified")
        if self.schemes is not None:
            parts.append(f"by {' or '.join(sorted(self.schemes))}")
        parts += [f"if {getattr(one, '__name__', 'condition')}" for one in self.conditions]
        return ", ".join(parts)


def requirement(
    permissions: tuple[str, ...],
    *,
    any_of: bool = False,
    schemes: Iterable[Scheme] | None = None,
    recent: float | None = None,
    second_factor: bool | None = None,
    verified: bool = False,
    when: Condition | Iterable[Condition] = (),
) -> Requirement:
    """A requirement of options as people write them.

    Raises:
        GuardError: An option is wrong.
    """
    chosen: Any = None if schemes is None else frozenset(texts(schemes, "schemes", "session"))
    conditions = (when,) if callable(when) else tuple(when)
    return Requirement(
        permissions=permissions,
        any_of=any_of,
        schemes=chosen,
        recent=recent,
        second_factor=second_factor,
        verified=verified,
        conditions=conditions,
    )


PUBLIC: Final = Requirement(public=True)

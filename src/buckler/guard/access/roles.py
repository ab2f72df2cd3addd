"""Roles with inheritance, compiled to one frozenset of permissions for each.

Threat: rights that are worked out anew in every handler, and differently in one of them (CWE-285, CWE-863;
ASVS 5.0 V8.2). Roles stand in code; what is put into the store at run time takes the place of the role of
the same name. A change counts at the next request in every worker, since each request reads the number of
the last change with the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.access.permissions import LONGEST, pattern, resolve
from buckler.guard.options import GuardError, texts
from buckler.guard.stores.interface import Roles as RoleStore
from buckler.guard.stores.records import Role

MOST_COMPILED: Final = 4096
"""Sets of roles whose permissions are remembered."""
_HINT = "write roles={'clerk': ['orders:read'], 'admin': Role(name='admin', permissions=frozenset({'*'}))}"
RolesGiven = Mapping[str, "Iterable[str] | Role"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do.

    Attributes:
        roles: Those it has, inherited ones included.
        permissions: Of all of them.
    """

    roles: frozenset[str]
    permissions: frozenset[str]


NONE: Final = Rights(frozenset(), frozenset())


def role_name(value: Any, name: str = "roles") -> str:
    """The name of a role itself.

    Raises:
        GuardError: It is no text, empty, too long, or holds a control character.
    """
    if isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable():
        return value
    raise GuardError(f"{name}: {str(value)[:LONGEST]!r} is no name of a role", hint=_HINT)


def role_of(name: str, given: Iterable[str] | Role) -> Role:
    """A role as code states it: its permissions, or a :class:`Role`.

    Raises:
        GuardError: It is neither, or a permission is none.
    """
    role_name(name)
    if isinstance(given, Role):
        if given.name != name:
            raise GuardError(f"roles: {name!r} is called {given.name!r}", hint=_HINT)
        made = given
    else:
        made = Role(
            name=name, permissions=frozenset(texts(given, f"roles[{name!r}]", "orders:read"))
        )
    for one in made.permissions:
        pattern(one, f"roles[{name!r}]")
    return made


def stated(given: RolesGiven | None) -> dict[str, Role]:
    """The roles that code states.

    Raises:
        GuardError: One is wrong, inherits from what there is not, or from itself.
    """
    if given is not None and not isinstance(given, Mapping):
        raise GuardError("roles is a table of names and permissions", hint=_HINT)
    found = {name: role_of(name, role) for name, role in (given or {}).items()}
    for role in found.values():
        fits(found, role)
    return found


def fits(book: Mapping[str, Role], role: Role) -> None:
    """Look whether a role may stand among all.

    Raises:
        GuardError: It inherits from what there is not, or from itself.
    """
    missing = sorted(role.inherits - book.keys())
    if missing:
        raise GuardError(
            f"role {role.name!r} inherits from {missing[0]!r}, which is no role",
            hint=f"one of {', '.join(sorted(book))}",
        )
    if role.name in reached(book, role.inherits):
        raise GuardError(f"role {role.name!r} inherits from itself", hint="take out one of them")


def reached(roles: Mapping[str, Role], names: Iterable[str]) -> frozenset[str]:
    """The roles that an account has which was given some: those, and all that they inherit.

    Names that are no role are left out: an assignment outlives its role, and gives nothing then.
    """
    found: set[str] = set()
    waiting = [name for name in names if name in roles]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one for one in roles[name].inherits if one in roles]
    return frozenset(found)


class RoleBook:
    """The roles of an application as they stand, compiled.

    Args:
        given: Stated in code.
        declared: Tells all permissions that the application knows, for patterns.
        store: Of the roles that are put at run time.
    """

    __slots__ = ("_book", "_compiled", "_declared", "_epoch", "_given", "_store")

    def __init__(
        self,
        given: RolesGiven | None,
        declared: Callable[[], Iterable[str]],
        store: RoleStore,
    ) -> None:
        self._given = stated(given)
        self._declared = declared
        self._store = store
        self._epoch = -1
        self._book: Mapping[str, Role] = self._given
        self._compiled: dict[frozenset[str], Rights] = {}

    @property
    def given(self) -> Sequence[Role]:
        """Those that code states."""
        return tuple(self._given.values())

    def named(self) -> frozenset[str]:
        """Permissions that the code's roles name without a pattern."""
        return frozenset(
            one for role in self._given.values() for one in role.permissions if "*" not in one
        )

    def forget(self) -> None:
        """Compile anew: the application knows other permissions now."""
        self._compiled = {}

    async def current(self, epoch: int | None = None) -> Mapping[str, Role]:
        """All roles as they stand.

        Args:
            epoch: Number of the last change, where it was read already.
        """
        if epoch is None:
            epoch = await self._store.epoch()
        if epoch != self._epoch:
            # Read after the number: what changed in between is read again at the next request.
            put = {role.name: role for role in await self._store.all()}
            self._book = {**self._given, **put}
            self._compiled = {}
            self._epoch = epoch
        return self._book

    async def with_role(self, role: Role) -> Mapping[str, Role]:
        """All roles as they would stand if one were put.

        Raises:
            GuardError: A permission is none, or it inherits from what there is not.
        """
        made = role_of(role.name, role)
        book = {**await self.current(), role.name: made}
        fits(book, made)
        return book

    async def without_role(self, name: str) -> Mapping[str, Role]:
        """All roles as they would stand if one that was put were dropped: that of the code comes back."""
        book = {key: role for key, role in (await self.current()).items() if key != name}
        return {**book, name: self._given[name]} if name in self._given else book

    def rights_in(self, book: Mapping[str, Role], names: Iterable[str]) -> Rights:
        """What some roles would allow if all stood as in ``book``."""
        return rights(book, names, self._declared())

    async def rights(self, names: frozenset[str], epoch: int | None = None) -> Rights:
        """What an account with these roles may do.

        Args:
            names: Assigned to it.
            epoch: Number of the last change, where it was read already.
        """
        book = await self.current(epoch)
        found = self._compiled.get(names)
        if found is None:
            found = rights(book, names, self._declared())
            if len(self._compiled) >= MOST_COMPILED:
                self._compiled.clear()
            self._compiled[names] = found
        return found


def grants(book: Mapping[str, Role], names: Iterable[str]) -> frozenset[str]:
    """The permissions and patterns that some roles name, inherited ones included."""
    return frozenset(one for name in reached(book, names) for one in book[name].permissions)


def rights(book: Mapping[str, Role], names: Iterable[str], declared: Iterable[str]) -> Rights:
    """What some roles allow together.

    Args:
        book: All roles.
        names: Those of an account.
        declared: All permissions that the application knows.
    """
    roles = reached(book, names)
    if not roles:
        return NONE
    return Rights(roles, resolve(grants(book, roles), declared))

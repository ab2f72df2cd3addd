"""Accounts and roles in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from buckler.guard.stores.records import Role, User


class MemoryUsers:
    """Accounts; see :class:`~buckler.guard.stores.interface.Users`."""

    __slots__ = ("_by_id", "_by_name")

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_name: dict[str, str] = {}

    async def get(self, user_id: str) -> User | None:
        """The account, or None."""
        return self._by_id.get(user_id)

    async def by_name(self, name: str) -> User | None:
        """The account with that name, or None."""
        return self._by_id.get(self._by_name.get(name, ""))

    async def add(self, user: User) -> User | None:
        """Keep a new account; None where its name or id is taken."""
        if user.id in self._by_id or user.name in self._by_name:
            return None
        self._by_id[user.id] = user
        self._by_name[user.name] = user.id
        return user

    async def rename(self, user_id: str, name: str) -> bool:
        """Give it another name; False where it is taken or there is no such account."""
        user = self._by_id.get(user_id)
        if user is None or self._by_name.get(name, user_id) != user_id:
            return False
        del self._by_name[user.name]
        self._by_name[name] = user_id
        self._by_id[user_id] = replace(user, name=name)
        return True

    async def set_password(self, user_id: str, password: str, *, instead_of: str | None) -> bool:
        """Store a new hash if the stored one still is ``instead_of``; False where it is not."""
        user = self._by_id.get(user_id)
        if user is None or user.password != instead_of:
            return False
        self._by_id[user_id] = replace(user, password=password)
        return True

    async def set_state(
        self,
        user_id: str,
        *,
        verified: bool | None = None,
        disabled: bool | None = None,
        valid_from: float | None = None,
    ) -> bool:
        """Change what is not None; False where there is no such account."""
        user = self._by_id.get(user_id)
        if user is None:
            return False
        self._by_id[user_id] = replace(
            user,
            verified=user.verified if verified is None else verified,
            disabled=user.disabled if disabled is None else disabled,
            valid_from=user.valid_from if valid_from is None else valid_from,
        )
        return True

    async def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Accounts by name, those behind ``after`` alone."""
        names = sorted(name for name in self._by_name if name > after)[: max(0, limit)]
        return [self._by_id[self._by_name[name]] for name in names]

    async def remove(self, user_id: str) -> bool:
        """Remove the account alone."""
        user = self._by_id.pop(user_id, None)
        if user is None:
            return False
        del self._by_name[user.name]
        return True


class MemoryRoles:
    """Roles and who has them; see :class:`~buckler.guard.stores.interface.Roles`."""

    __slots__ = ("_assigned", "_epoch", "_roles")

    def __init__(self) -> None:
        self._roles: dict[str, Role] = {}
        self._assigned: dict[str, set[str]] = {}
        self._epoch = 0

    async def epoch(self) -> int:
        """Number of the last change."""
        return self._epoch

    async def all(self) -> Sequence[Role]:
        """Every role that was put at run time, by name."""
        return [self._roles[name] for name in sorted(self._roles)]

    async def put(self, role: Role) -> None:
        """Make or change a role."""
        self._roles[role.name] = role
        self._epoch += 1

    async def drop(self, name: str) -> bool:
        """Remove a role, its assignments with it."""
        if self._roles.pop(name, None) is None:
            return False
        for user_id in await self.holders(name):
            self._take(user_id, name)
        self._epoch += 1
        return True

    async def of(self, user_id: str) -> frozenset[str]:
        """Names of the roles that an account has."""
        return frozenset(self._assigned.get(user_id, ()))

    async def assign(self, user_id: str, role: str) -> bool:
        """Give an account a role; False where it has it."""
        if role in self._assigned.get(user_id, ()):
            return False
        self._assigned.setdefault(user_id, set()).add(role)
        self._epoch += 1
        return True

    async def withdraw(self, user_id: str, role: str) -> bool:
        """Take a role from an account; False where it has it not."""
        if role not in self._assigned.get(user_id, ()):
            return False
        self._take(user_id, role)
        self._epoch += 1
        return True

    async def holders(self, role: str) -> Sequence[str]:
        """Ids of the accounts that have a role, in order."""
        return sorted(user_id for user_id, roles in self._assigned.items() if role in roles)

    def forget(self, user_id: str) -> None:
        """Take all roles from an account."""
        if self._assigned.pop(user_id, None) is not None:
            self._epoch += 1

    def _take(self, user_id: str, role: str) -> None:
        self._assigned[user_id].discard(role)
        if not self._assigned[user_id]:
            del self._assigned[user_id]

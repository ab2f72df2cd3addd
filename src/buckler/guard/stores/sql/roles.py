"""Roles and who has them, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from buckler.guard.stores.records import Role
from buckler.guard.stores.sql.belongings import raise_epoch
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables
from buckler.guard.stores.sql.types import keepable


class RoleStore:
    """Roles; see :class:`~buckler.guard.stores.interface.Roles`.

    A change and the epoch that tells of it are committed together: whoever sees the one sees the other.
    """

    __slots__ = ("_database", "_tables")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._tables = tables

    async def epoch(self) -> int:
        """Number of the last change."""
        row = await self._database.one(select(self._tables.epoch.c.value))
        return 0 if row is None else int(row.value)

    async def all(self) -> Sequence[Role]:
        """Every role that was put at run time, by name."""
        roles = self._tables.roles
        rows = await self._database.all(select(roles).order_by(roles.c.name))
        return [Role(**fields_of(row)) for row in rows]

    async def put(self, role: Role) -> None:
        """Make or change a role."""
        roles = self._tables.roles
        values = values_of(role)
        statement = (
            self._database.insert(roles)
            .values(values)
            .on_conflict_do_update(
                index_elements=[roles.c.name],
                set_={"permissions": role.permissions, "inherits": role.inherits},
            )
        )
        async with self._database.transaction() as connection:
            await connection.execute(statement)
            await raise_epoch(connection, self._tables)

    async def drop(self, name: str) -> bool:
        """Remove a role, its assignments with it."""
        if not keepable(name):
            return False
        roles, assignments = self._tables.roles, self._tables.assignments
        async with self._database.transaction() as connection:
            if not (await connection.execute(delete(roles).where(roles.c.name == name))).rowcount:
                return False
            await connection.execute(delete(assignments).where(assignments.c.role == name))
            await raise_epoch(connection, self._tables)
        return True

    async def of(self, user_id: str) -> frozenset[str]:
        """Names of the roles that an account has."""
        assignments = self._tables.assignments
        query = select(assignments.c.role).where(assignments.c.user_id == user_id)
        return frozenset(row.role for row in await self._database.all(query))

    async def assign(self, user_id: str, role: str) -> bool:
        """Give an account a role; False where it has it."""
        assignments = self._tables.assignments
        statement = (
            self._database.insert(assignments)
            .values(user_id=user_id, role=role)
            .on_conflict_do_nothing()
            .returning(assignments.c.role)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await raise_epoch(connection, self._tables)
        return True

    async def withdraw(self, user_id: str, role: str) -> bool:
        """Take a role from an account; False where it has it not."""
        if not (keepable(user_id) and keepable(role)):
            return False
        assignments = self._tables.assignments
        statement = delete(assignments).where(
            assignments.c.user_id == user_id, assignments.c.role == role
        )
        async with self._database.transaction() as connection:
            if not (await connection.execute(statement)).rowcount:
                return False
            await raise_epoch(connection, self._tables)
        return True

    async def holders(self, role: str) -> Sequence[str]:
        """Ids of the accounts that have a role, in order."""
        assignments = self._tables.assignments
        query = (
            select(assignments.c.user_id)
            .where(assignments.c.role == role)
            .order_by(assignments.c.user_id)
        )
        return [row.user_id for row in await self._database.all(query)]

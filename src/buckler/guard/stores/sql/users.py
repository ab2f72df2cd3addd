"""Accounts, in our table or in one of the application's own, which differ by their columns alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.records import Standing, User
from buckler.guard.stores.sql.belongings import forget
from buckler.guard.stores.sql.columns import python_type
from buckler.guard.stores.sql.database import ConflictError, Database
from buckler.guard.stores.sql.own_table import SqlUsers
from buckler.guard.stores.sql.tables import Tables
from buckler.guard.stores.sql.types import keepable

_NEW = {"verified": False, "disabled": False, "created": 0.0, "valid_from": 0.0}


class AccountStore:
    """Accounts; see :class:`~buckler.guard.stores.interface.Users`.

    Args:
        database: Runs the statements.
        tables: Ours.
        users: Where the accounts are; None: in ours.
    """

    __slots__ = ("_columns", "_database", "_own", "_standing", "_tables")

    def __init__(self, database: Database, tables: Tables, users: SqlUsers | None) -> None:
        self._database = database
        self._tables = tables
        self._own = users is not None
        c = tables.users.c
        self._columns = users or SqlUsers(
            tables.users,
            id=c.id,
            name=c.name,
            password=c.password,
            verified=c.verified,
            disabled=c.disabled,
            valid_from=c.valid_from,
            created=c.created,
        )
        self._standing = self._standing_query()

    async def get(self, user_id: str) -> User | None:
        """The account, or None."""
        row = await self._row(user_id)
        return None if row is None else self._user(row)

    async def by_name(self, name: str) -> User | None:
        """The account with that name, or None."""
        if not keepable(name):
            return None
        row = await self._database.one(self._query().where(self._columns.name == name))
        return None if row is None else (await self._users([row]))[0]

    async def add(self, user: User) -> User | None:
        """Keep a new account, and give it as it is kept; None where its name or id is taken.

        Raises:
            StoreError: Its name cannot be kept, or the table needs what ``defaults`` does not give.
        """
        needed = self._columns.needs()
        if needed:
            raise StoreError(
                f"a new account needs a value for {', '.join(needed)}",
                hint="write SqlUsers(..., defaults={'column': value})",
            )
        if not keepable(user.name):
            raise StoreError("a name is too long, or holds a character that cannot be kept")
        columns = self._columns
        statement = (
            self._database.insert(columns.table)
            .values(self._values(user))
            .on_conflict_do_nothing()
            .returning(columns.id)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(statement)).first()
            if row is None:
                return None
            user_id = columns.ids.text(row[0])
            if self._own:
                # The number of an account that was removed elsewhere may come again (SQLite gives it to
                # the next one): what was left of it is nobody's.
                await forget(connection, self._tables, user_id)
            if columns.elsewhere:
                values = {name: getattr(user, name) for name in columns.elsewhere}
                await connection.execute(
                    self._database.insert(self._tables.states).values(
                        _NEW | values | {"user_id": user_id}
                    )
                )
        # As it is kept: a table may give it another id, and a moment fewer digits.
        return await self.get(user_id)

    async def rename(self, user_id: str, name: str) -> bool:
        """Give it another name; False where it is taken or there is no such account."""
        columns = self._columns
        if not keepable(name) or columns.ids.read(user_id) is None:
            return False
        statement = update(columns.table).where(columns.id == columns.ids.read(user_id))
        try:
            return bool(await self._database.change(statement.values({columns.name: name})))
        except ConflictError:
            other = await self.by_name(name)
            if other is None or other.id == user_id:
                raise
            return False

    async def set_password(self, user_id: str, password: str, *, instead_of: str | None) -> bool:
        """Store a new hash if the stored one still is ``instead_of``; False where it is not."""
        columns = self._columns
        key = columns.ids.read(user_id)
        if key is None:
            return False
        stored = columns.password
        same = stored == instead_of if instead_of else or_(stored.is_(None), stored == "")
        statement = update(columns.table).where(columns.id == key, same)
        return bool(await self._database.change(statement.values({stored: password})))

    async def set_state(
        self,
        user_id: str,
        *,
        verified: bool | None = None,
        disabled: bool | None = None,
        valid_from: float | None = None,
    ) -> bool:
        """Change what is not None; False where there is no such account."""
        asked = {"verified": verified, "disabled": disabled, "valid_from": valid_from}
        changes = {name: value for name, value in asked.items() if value is not None}
        key = self._columns.ids.read(user_id)
        if key is None or not changes:
            return await self._row(user_id) is not None
        here = self._here({n: v for n, v in changes.items() if n not in self._columns.elsewhere})
        there = {n: v for n, v in changes.items() if n in self._columns.elsewhere}
        async with self._database.transaction() as connection:
            if there and not await self._change_state(connection, key, user_id, there):
                return False
            if here:
                statement = update(self._columns.table).where(self._columns.id == key).values(here)
                return bool((await connection.execute(statement)).rowcount)
        return True

    async def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Accounts by name, those behind ``after`` alone."""
        if not keepable(after):
            return []
        name = self._columns.name
        query = self._query().where(name > after).order_by(name).limit(max(0, limit))
        return await self._users(await self._database.all(query))

    async def remove(self, user_id: str) -> bool:
        """Remove the account; False where there is none."""
        if self._columns.ids.read(user_id) is None:
            return False
        async with self._database.transaction() as connection:
            return await self.remove_in(connection, user_id)

    async def remove_in(self, connection: AsyncConnection, user_id: str) -> bool:
        """Remove the account in a transaction that has begun."""
        key = self._columns.ids.read(user_id)
        if key is None:
            return False
        states = self._tables.states
        await connection.execute(delete(states).where(states.c.user_id == user_id))
        gone = delete(self._columns.table).where(self._columns.id == key)
        return bool((await connection.execute(gone)).rowcount)

    async def standing(self, user_id: str, token_ids: Sequence[str]) -> Standing | None:
        """What has to be known of a principal, in one statement.

        Args:
            user_id: Whose.
            token_ids: Keys of the table of revoked tokens.
        """
        key = self._columns.ids.read(user_id)
        if key is None or not keepable(user_id):
            return None
        query = self._standing.params(pk=key, user_id=user_id, token_ids=list(token_ids))
        rows = await self._database.all(query)
        if not rows:
            return None
        return Standing(
            user=self._user(rows[0]),
            roles=frozenset(row.role for row in rows if row.role is not None),
            epoch=rows[0].epoch or 0,
            revoked=bool(rows[0].revoked),
        )

    def _standing_query(self) -> Select[Any]:
        tables, columns = self._tables, self._columns
        revoked = tables.revocations
        assigned = tables.assignments
        epoch = select(tables.epoch.c.value).where(tables.epoch.c.id == 1).scalar_subquery()
        found = (
            select(revoked.c.id)
            .where(revoked.c.id.in_(bindparam("token_ids", expanding=True)))
            .exists()
        )
        source: Any = columns.table
        if columns.elsewhere:
            source = source.outerjoin(
                tables.states, tables.states.c.user_id == bindparam("user_id")
            )
        source = source.outerjoin(assigned, assigned.c.user_id == bindparam("user_id"))
        return (
            select(
                *self._selected(with_states=True),
                assigned.c.role.label("role"),
                epoch.label("epoch"),
                found.label("revoked"),
            )
            .select_from(source)
            .where(columns.id == bindparam("pk"))
        )

    def _selected(self, *, with_states: bool) -> list[Any]:
        columns, states = self._columns, self._tables.states
        found = [
            columns.id.label("u_id"),
            columns.name.label("u_name"),
            columns.password.label("u_password"),
        ]
        for name in ("verified", "disabled", "active", "created", "valid_from"):
            column = getattr(columns, name)
            if column is not None:
                found.append(column.label(f"u_{name}"))
            elif name in columns.elsewhere and with_states:
                found.append(states.c[name].label(f"u_{name}"))
        return found

    def _query(self) -> Select[Any]:
        return select(*self._selected(with_states=False))

    async def _row(self, user_id: str) -> Row[Any] | None:
        columns, states = self._columns, self._tables.states
        key = columns.ids.read(user_id)
        if key is None:
            return None
        source: Any = columns.table
        if columns.elsewhere:
            source = source.outerjoin(states, states.c.user_id == literal(user_id))
        query = select(*self._selected(with_states=True)).select_from(source)
        return await self._database.one(query.where(columns.id == key))

    async def _users(self, rows: Sequence[Row[Any]]) -> list[User]:
        """Accounts of rows without their states.

        These are looked up by the texts of the ids, which no database need make of an id as we do.
        """
        states = self._tables.states
        found: dict[str, Row[Any]] = {}
        if self._columns.elsewhere and rows:
            ids = [self._columns.ids.text(row.u_id) for row in rows]
            query = select(states).where(states.c.user_id.in_(ids))
            found = {row.user_id: row for row in await self._database.all(query)}
        return [self._user(row, found.get(self._columns.ids.text(row.u_id))) for row in rows]

    def _user(self, row: Row[Any], state: Row[Any] | None = None) -> User:
        values = {} if state is None else dict(state._mapping)
        values |= {key[2:]: value for key, value in row._mapping.items() if key.startswith("u_")}
        times, columns = {}, self._columns
        for name in ("created", "valid_from"):
            known = columns.times.get(name)
            value = values.get(name)
            times[name] = float(value or 0.0) if known is None else known.seconds(value)
        disabled = values.get("disabled") if columns.active is None else not values.get("active")
        return User(
            id=columns.ids.text(values["id"]),
            name=values["name"],
            password=values["password"] or None,
            verified=bool(values.get("verified")),
            disabled=bool(disabled),
            **times,
        )

    def _values(self, user: User) -> dict[str, Any]:
        """Columns of a new row."""
        columns = self._columns
        values: dict[str, Any] = dict(columns.defaults)
        password = user.password
        if password is None and not columns.password.nullable:
            password = ""
        values |= {columns.name.key: user.name, columns.password.key: password}
        state = {name: getattr(user, name) for name in _NEW if name not in columns.elsewhere}
        values |= {column.key: value for column, value in self._here(state).items()}
        if not columns.ids.numbered:
            key = columns.ids.read(user.id)
            if key is not None:
                values[columns.id.key] = key
            elif columns.id.default is None and columns.id.server_default is None:
                key = uuid.uuid4()
                values[columns.id.key] = key if python_type(columns.id) is uuid.UUID else str(key)
        return values

    def _here(self, state: dict[str, Any]) -> dict[Any, Any]:
        """What is known of an account as columns of its own table."""
        columns = self._columns
        found: dict[Any, Any] = {}
        for name, value in state.items():
            if name in columns.times:
                found[getattr(columns, name)] = columns.times[name].write(value)
            elif name == "disabled" and columns.active is not None:
                found[columns.active] = not value
            else:
                found[getattr(columns, name)] = value
        return found

    async def _change_state(
        self, connection: AsyncConnection, key: Any, user_id: str, changes: dict[str, Any]
    ) -> bool:
        """Change our part of what is known of an account; False where there is none."""
        states, columns = self._tables.states, self._columns
        values = _NEW | changes
        row = select(
            literal(user_id), *(literal(values[name], states.c[name].type) for name in _NEW)
        ).where(columns.id == key)
        statement = (
            self._database.insert(states)
            .from_select(["user_id", *_NEW], row.select_from(columns.table))
            .on_conflict_do_update(index_elements=[states.c.user_id], set_=changes)
            .returning(states.c.user_id)
        )
        return (await connection.execute(statement)).first() is not None

"""Grants, codes and refresh tokens, in SQL: each decision is one statement, and what comes of it is in its transaction.

A code is used up by an UPDATE that asks for a code which is not: of two callers, in whichever process, one alone
changes the row (RFC 6749, 4.1.2; ASVS 5.0 V10.4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.oauth_records import Code, Grant, GrantToken
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.oauth_tables import OAuthTables
from buckler.guard.stores.sql.types import UnkeepableError


class GrantStore:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthGrants`."""

    __slots__ = ("_codes", "_database", "_grants", "_tokens")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._grants = tables.oauth_grants
        self._codes = tables.oauth_codes
        self._tokens = tables.oauth_refresh

    async def begin(self, grant: Grant, code: Code | None = None) -> None:
        """Keep a new grant, with its code where there is one, in one transaction."""
        insert = self._database.insert
        async with self._database.transaction() as connection:
            await self.keep(connection, grant)
            if code is not None:
                await connection.execute(insert(self._codes).values(values_of(code)))

    async def keep(self, connection: AsyncConnection, grant: Grant) -> None:
        """Keep a grant in a transaction that has begun."""
        insert = self._database.insert(self._grants)
        await connection.execute(insert.values(values_of(grant)))

    async def get(self, grant_id: str) -> Grant | None:
        """The one, or None."""
        row = await self._database.one(select(self._grants).where(self._grants.c.id == grant_id))
        return None if row is None else Grant(**fields_of(row))

    async def code(self, digest: str) -> tuple[Code, Grant] | None:
        """A code and its grant, used or not; None for one that was never issued."""
        row = await self._with_grant(self._codes, digest)
        return None if row is None else (Code(**self._own(row, self._codes)), self._grant(row))

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use a code up, and keep the first refresh token that comes of it, in one transaction."""
        c, grants = self._codes.c, self._grants.c
        alive = exists().where(grants.id == c.grant_id, grants.revoked.is_(None))
        statement = (
            update(self._codes)
            .where(c.digest == digest, c.used.is_(None), c.expires > now, alive)
            .values(used=now)
        )
        try:
            async with self._database.transaction() as connection:
                if not (await connection.execute(statement)).rowcount:
                    return False
                await self.keep_first(connection, first)
        except UnkeepableError:
            return False
        return True

    async def keep_first(self, connection: AsyncConnection, first: GrantToken | None) -> None:
        """Keep a refresh token in a transaction that has begun."""
        if first is not None:
            insert = self._database.insert(self._tokens)
            await connection.execute(insert.values(values_of(first)))

    async def refresh_token(self, digest: str) -> tuple[GrantToken, Grant] | None:
        """A refresh token and its grant, or None for one that was never issued."""
        row = await self._with_grant(self._tokens, digest)
        if row is None:
            return None
        return GrantToken(**self._own(row, self._tokens)), self._grant(row)

    async def advance(self, grant_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the grant is not revoked."""
        c = self._grants.c
        statement = update(self._grants).where(
            c.id == grant_id, c.head == head, c.revoked.is_(None)
        )
        return bool(await self._database.change(statement.values(head=to)))

    async def issue(self, token: GrantToken) -> None:
        """Keep a further refresh token.

        Raises:
            StoreError: Its grant is gone.
        """
        values = values_of(token)
        columns = [self._tokens.c[name] for name in values]
        row = select(*(literal(values[c.name], c.type) for c in columns)).where(
            self._grants.c.id == token.grant_id
        )
        statement = (
            self._database.insert(self._tokens)
            .from_select(columns, row.select_from(self._grants))
            .returning(self._tokens.c.digest)
        )
        if await self._database.add(statement) is None:
            raise StoreError("the grant of a refresh token is gone")

    async def revoke(self, grant_id: str, now: float) -> bool:
        """Revoke a grant; False where it was already, or is none."""
        c = self._grants.c
        statement = update(self._grants).where(c.id == grant_id, c.revoked.is_(None))
        return bool(await self._database.change(statement.values(revoked=now)))

    async def of(self, user_id: str) -> Sequence[Grant]:
        """Those of an account that are not revoked, newest first."""
        c = self._grants.c
        query = (
            select(self._grants)
            .where(c.user_id == user_id, c.revoked.is_(None))
            .order_by(c.created.desc(), c.id)
        )
        return [Grant(**fields_of(row)) for row in await self._database.all(query)]

    async def of_session(self, session: str) -> Sequence[Grant]:
        """Those of a session, revoked ones too."""
        query = select(self._grants).where(self._grants.c.session == session)
        return [Grant(**fields_of(row)) for row in await self._database.all(query)]

    async def revoke_all(self, user_id: str, now: float, *, client_id: str = "") -> int:
        """Revoke all of an account's, or those for one client."""
        c = self._grants.c
        statement = update(self._grants).where(c.user_id == user_id, c.revoked.is_(None))
        if client_id:
            statement = statement.where(c.client_id == client_id)
        return await self._database.change(statement.values(revoked=now))

    async def _with_grant(self, table: Any, digest: str) -> Row[Any] | None:
        """A row and that of its grant, by one statement."""
        theirs = [column.label(f"grant_{column.name}") for column in self._grants.c]
        own = [column.label(f"own_{column.name}") for column in table.c]
        query = (
            select(*own, *theirs)
            .join_from(table, self._grants, self._grants.c.id == table.c.grant_id)
            .where(table.c.digest == digest)
        )
        return await self._database.one(query)

    def _own(self, row: Row[Any], table: Any) -> dict[str, Any]:
        values = fields_of(row)
        return {column.name: values[f"own_{column.name}"] for column in table.c}

    def _grant(self, row: Row[Any]) -> Grant:
        values = fields_of(row)
        return Grant(**{c.name: values[f"grant_{c.name}"] for c in self._grants.c})


async def drop_grants(
    connection: AsyncConnection, tables: OAuthTables, unwanted: ColumnElement[bool]
) -> int:
    """Remove grants and all that came of them, in a transaction that has begun; how many grants.

    An engine of the application's own may not look after references on SQLite: nothing is left to them.

    Args:
        connection: In a transaction.
        tables: Ours.
        unwanted: A condition on the table of grants.
    """
    grants = tables.oauth_grants
    ids = select(grants.c.id).where(unwanted)
    for table in (tables.oauth_codes, tables.oauth_refresh, tables.oauth_access):
        await connection.execute(delete(table).where(table.c.grant_id.in_(ids)))
    return (await connection.execute(delete(grants).where(unwanted))).rowcount

"""Families of refresh tokens, in SQL.

Which token of a family was used last is one column of the family, set by compare and set: of two callers
with one token, in whichever process, one alone sets it (RFC 9700, 4.14.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import literal, select, update

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.records import RefreshFamily, RefreshToken
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables


class RefreshTokenStore:
    """Families of refresh tokens; see :class:`~buckler.guard.stores.interface.RefreshTokens`."""

    __slots__ = ("_database", "_families", "_tokens")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._families = tables.families
        self._tokens = tables.refresh

    async def begin(self, family: RefreshFamily, first: RefreshToken) -> None:
        """Keep a new family with its first token."""
        async with self._database.transaction() as connection:
            await connection.execute(
                self._database.insert(self._families).values(values_of(family))
            )
            await connection.execute(self._database.insert(self._tokens).values(values_of(first)))

    async def find(self, digest: str) -> tuple[RefreshToken, RefreshFamily] | None:
        """The token and its family, or None for a digest that was never issued."""
        tokens, families = self._tokens, self._families
        theirs = [column.label(f"family_{column.name}") for column in families.c]
        own = [column.label(f"token_{column.name}") for column in tokens.c]
        query = (
            select(*own, *theirs)
            .join_from(tokens, families, families.c.id == tokens.c.family_id)
            .where(tokens.c.digest == digest)
        )
        row = await self._database.one(query)
        if row is None:
            return None
        values = fields_of(row)
        return (
            RefreshToken(**{c.name: values[f"token_{c.name}"] for c in tokens.c}),
            RefreshFamily(**{c.name: values[f"family_{c.name}"] for c in families.c}),
        )

    async def advance(self, family_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the family is not revoked."""
        c = self._families.c
        statement = update(self._families).where(
            c.id == family_id, c.head == head, c.revoked.is_(None)
        )
        return bool(await self._database.change(statement.values(head=to)))

    async def issue(self, token: RefreshToken) -> None:
        """Keep a further token.

        Raises:
            StoreError: Its family is gone, or the digest is kept already.
        """
        values = values_of(token)
        columns = [self._tokens.c[name] for name in values]
        row = select(*(literal(values[c.name], c.type) for c in columns)).where(
            self._families.c.id == token.family_id
        )
        statement = (
            self._database.insert(self._tokens)
            .from_select(columns, row.select_from(self._families))
            .returning(self._tokens.c.digest)
        )
        if await self._database.add(statement) is None:
            raise StoreError("the family of a refresh token is gone")

    async def revoke(self, family_id: str, now: float) -> bool:
        """Revoke a family; False where it was already, or is none."""
        c = self._families.c
        statement = update(self._families).where(c.id == family_id, c.revoked.is_(None))
        return bool(await self._database.change(statement.values(revoked=now)))

    async def of(self, user_id: str) -> Sequence[RefreshFamily]:
        """Those of an account that are not revoked, newest first."""
        c = self._families.c
        query = (
            select(self._families)
            .where(c.user_id == user_id, c.revoked.is_(None))
            .order_by(c.created.desc(), c.id)
        )
        return [RefreshFamily(**fields_of(row)) for row in await self._database.all(query)]

    async def revoke_all(self, user_id: str, now: float, *, but: str = "") -> int:
        """Revoke all of an account's but the one with this id."""
        c = self._families.c
        statement = update(self._families).where(
            c.user_id == user_id, c.id != but, c.revoked.is_(None)
        )
        return await self._database.change(statement.values(revoked=now))

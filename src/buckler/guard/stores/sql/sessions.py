"""Sessions and keys for programs, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, delete, or_, select, update

from buckler.guard.stores.records import ApiKey, Session
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables


class SessionStore:
    """Sessions of browsers; see :class:`~buckler.guard.stores.interface.Sessions`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.sessions

    async def add(self, session: Session) -> None:
        """Keep a new one."""
        await self._database.add(self._database.insert(self._table).values(values_of(session)))

    async def find(self, digest: str) -> Session | None:
        """The one with that cookie, or None."""
        row = await self._database.one(select(self._table).where(self._table.c.digest == digest))
        return None if row is None else Session(**fields_of(row))

    async def touch(self, digest: str, used: float) -> None:
        """It was used."""
        c = self._table.c
        statement = update(self._table).where(c.digest == digest, c.used < used)
        await self._database.change(statement.values(used=used))

    async def rotate(self, digest: str, to: Session) -> bool:
        """Put ``to`` in its place, in one step; False where it is gone."""
        statement = update(self._table).where(self._table.c.digest == digest)
        return bool(await self._database.change(statement.values(values_of(to))))

    async def of(self, user_id: str) -> Sequence[Session]:
        """Those of an account, newest first."""
        c = self._table.c
        query = select(self._table).where(c.user_id == user_id).order_by(c.created.desc(), c.id)
        return [Session(**fields_of(row)) for row in await self._database.all(query)]

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""
        c = self._table.c
        statement = delete(self._table).where(c.id == session_id, c.user_id == user_id)
        return bool(await self._database.change(statement))

    async def revoke_all(self, user_id: str, *, but: str = "") -> int:
        """End all of an account's but the one with this id."""
        c = self._table.c
        statement = delete(self._table).where(c.user_id == user_id, c.id != but)
        return await self._database.change(statement)


class ApiKeyStore:
    """Keys for programs; see :class:`~buckler.guard.stores.interface.ApiKeys`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.keys

    async def add(self, key: ApiKey) -> None:
        """Keep a new one."""
        await self._database.add(self._database.insert(self._table).values(values_of(key)))

    async def find(self, digest: str) -> ApiKey | None:
        """The one with that digest, or None."""
        row = await self._database.one(select(self._table).where(self._table.c.digest == digest))
        return None if row is None else ApiKey(**fields_of(row))

    async def touch(self, key_id: str, used: float) -> None:
        """It was used."""
        c = self._table.c
        earlier = or_(c.used.is_(None), c.used < used)
        statement = update(self._table).where(c.id == key_id, earlier)
        await self._database.change(statement.values(used=used))

    async def of(self, user_id: str) -> Sequence[ApiKey]:
        """Those of an account, newest first."""
        c = self._table.c
        query = select(self._table).where(c.user_id == user_id).order_by(c.created.desc(), c.id)
        return [ApiKey(**fields_of(row)) for row in await self._database.all(query)]

    async def expire(self, user_id: str, key_id: str, at: float) -> bool:
        """Let one of an account's end then, if that is earlier; False where it is not theirs."""
        c = self._table.c
        statement = update(self._table).where(c.id == key_id, c.user_id == user_id)
        earlier = case((c.expires > at, at), else_=c.expires)
        return bool(await self._database.change(statement.values(expires=earlier)))

    async def revoke(self, user_id: str, key_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""
        c = self._table.c
        statement = delete(self._table).where(c.id == key_id, c.user_id == user_id)
        return bool(await self._database.change(statement))

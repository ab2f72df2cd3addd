"""What counts once, what failed, and what counts no more, in SQL; each decision is one statement.

Names, addresses and ids of tokens that strangers choose are kept as their SHA-256: of one length, whatever they
are, and no list of who tried to sign in from where (CWE-359).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import case, delete, literal, select, update

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.records import Attempts, OneTimeToken
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables


def key_of(text: str) -> str:
    """What a text of a stranger's is kept as."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class OneTimeTokenStore:
    """Tokens that count once; see :class:`~buckler.guard.stores.interface.OneTimeTokens`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.one_time

    async def add(self, token: OneTimeToken) -> None:
        """Keep a new one."""
        await self._database.add(self._database.insert(self._table).values(values_of(token)))

    async def take(self, digest: str, purpose: str, now: float) -> OneTimeToken | None:
        """Remove and give it, if it is for that purpose and has not expired; to one caller alone."""
        c = self._table.c
        statement = delete(self._table).where(
            c.digest == digest, c.purpose == purpose, c.expires > now
        )
        row = await self._database.take(statement.returning(*c))
        return None if row is None else OneTimeToken(**fields_of(row))

    async def drop(self, purpose: str, subject: str) -> int:
        """Remove all for a purpose and a subject."""
        c = self._table.c
        statement = delete(self._table).where(c.subject == subject, c.purpose == purpose)
        return await self._database.change(statement)


class FailedAttemptStore:
    """Counts of failed attempts; see :class:`~buckler.guard.stores.interface.FailedAttempts`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.attempts

    async def get(self, key: str) -> Attempts | None:
        """What is counted for a key, or None."""
        c = self._table.c
        row = await self._database.one(select(c.count, c.last).where(c.key == key_of(key)))
        return None if row is None else Attempts(**fields_of(row))

    async def fail(self, key: str, now: float, *, window: float) -> Attempts:
        """Count one more, from one again where none came for ``window`` seconds; atomic."""
        c = self._table.c
        statement = self._database.insert(self._table).values(
            key=key_of(key), count=1, last=now, until=now + window
        )
        new = statement.excluded
        # With the column's own type: one that SQLAlchemy makes for the sum is looked through at every call.
        length = literal(window, c.last.type)
        over = c.last + length <= new.last
        # Clocks of workers differ: the last moment never goes back.
        last = case((c.last > new.last, c.last), else_=new.last)
        counted = statement.on_conflict_do_update(
            index_elements=[c.key],
            set_={
                "count": case((over, 1), else_=c.count + 1),
                "last": last,
                "until": last + length,
            },
        )
        row = await self._database.add(counted.returning(c.count, c.last))
        if row is None:
            raise StoreError("a failed attempt was not counted")
        return Attempts(**fields_of(row))

    async def clear(self, key: str) -> None:
        """Count from zero."""
        await self._database.change(delete(self._table).where(self._table.c.key == key_of(key)))


class RevocationStore:
    """Revoked tokens; see :class:`~buckler.guard.stores.interface.Revocations`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.revocations

    async def revoke(self, token_id: str, until: float) -> bool:
        """Revoke a token until it expires; False where it was."""
        c = self._table.c
        statement = (
            self._database.insert(self._table)
            .values(id=key_of(token_id), until=until)
            .on_conflict_do_nothing()
            .returning(c.id)
        )
        longer = update(self._table).where(c.id == key_of(token_id), c.until < until)
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is not None:
                return True
            await connection.execute(longer.values(until=until))
        return False

    async def revoked(self, *token_ids: str) -> bool:
        """Whether one of them is revoked."""
        if not token_ids:
            return False
        keys = [key_of(token_id) for token_id in token_ids]
        query = select(self._table.c.id).where(self._table.c.id.in_(keys)).limit(1)
        return await self._database.one(query) is not None

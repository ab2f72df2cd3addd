"""Accounts at other providers, in SQL; what has to happen once is one statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from buckler.guard.stores.federation import ExternalIdentity, ExternalSession, ExternalToken
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables
from buckler.guard.stores.sql.tokens import key_of
from buckler.guard.stores.sql.types import keepable


class ExternalIdentityStore:
    """Who accounts are; see :class:`~buckler.guard.stores.federation.ExternalIdentities`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.external_identities

    async def find(self, issuer: str, subject: str) -> ExternalIdentity | None:
        """The one of that issuer and subject, or None."""
        c = self._table.c
        query = select(self._table).where(c.issuer == issuer, c.subject == subject)
        row = await self._database.one(query)
        return None if row is None else ExternalIdentity(**fields_of(row))

    async def of(self, user_id: str) -> Sequence[ExternalIdentity]:
        """Those of an account, oldest first."""
        c = self._table.c
        query = select(self._table).where(c.user_id == user_id)
        rows = await self._database.all(query.order_by(c.created, c.issuer, c.subject))
        return [ExternalIdentity(**fields_of(row)) for row in rows]

    async def add(self, identity: ExternalIdentity) -> bool:
        """Keep a new one; False where issuer and subject are taken."""
        statement = (
            self._database.insert(self._table)
            .values(values_of(identity))
            .on_conflict_do_nothing()
            .returning(self._table.c.issuer)
        )
        return await self._database.add(statement) is not None

    async def touch(self, issuer: str, subject: str, used: float, email: str) -> None:
        """It signed in."""
        c = self._table.c
        statement = update(self._table).where(c.issuer == issuer, c.subject == subject)
        await self._database.change(statement.values(used=used, email=email))

    async def drop(self, user_id: str, provider: str, *, keep_one: bool) -> bool:
        """Remove those of an account at one provider; False where nothing was removed."""
        if not keepable(user_id) or not keepable(provider):
            return False
        c = self._table.c
        theirs = delete(self._table).where(c.user_id == user_id, c.provider == provider)
        if not keep_one:
            return bool(await self._database.change(theirs))
        other = self._table.alias()
        left = select(other.c.user_id).where(
            other.c.user_id == user_id, other.c.provider != provider
        )
        async with self._database.transaction() as connection:
            if self._database.is_postgresql:
                # Two at once would each see the other's identity, and leave none.
                name = key_of(f"identities {user_id}")
                lock = int.from_bytes(bytes.fromhex(name)[:8], signed=True)
                await connection.execute(select(func.pg_advisory_xact_lock(lock)))
            done = await connection.execute(theirs.where(left.exists()))
        return bool(done.rowcount)


class ExternalTokenStore:
    """Tokens of providers; see :class:`~buckler.guard.stores.federation.ExternalTokens`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.external_tokens

    async def find(self, user_id: str, provider: str) -> ExternalToken | None:
        """Those of an account, or None."""
        c = self._table.c
        query = select(self._table).where(c.user_id == user_id, c.provider == provider)
        row = await self._database.one(query)
        return None if row is None else ExternalToken(**fields_of(row))

    async def put(self, token: ExternalToken) -> None:
        """Keep them, in place of any."""
        c = self._table.c
        values = values_of(token)
        statement = self._database.insert(self._table).values(values)
        changed = {name: values[name] for name in ("version", "sealed", "expires", "leased")}
        kept = statement.on_conflict_do_update(index_elements=[c.user_id, c.provider], set_=changed)
        await self._database.add(kept)

    async def lease(
        self, user_id: str, provider: str, *, version: str, now: float, until: float
    ) -> bool:
        """Let one caller alone refresh them until then."""
        c = self._table.c
        statement = update(self._table).where(
            c.user_id == user_id, c.provider == provider, c.version == version, c.leased <= now
        )
        return bool(await self._database.change(statement.values(leased=until)))

    async def replace(self, token: ExternalToken, *, version: str) -> bool:
        """Set tokens and version if the version still is ``version``."""
        c = self._table.c
        statement = update(self._table).where(
            c.user_id == token.user_id, c.provider == token.provider, c.version == version
        )
        values = values_of(token)
        return bool(await self._database.change(statement.values(values)))

    async def drop(self, user_id: str, provider: str, *, version: str = "") -> bool:
        """Remove them, if the version is that; else any."""
        c = self._table.c
        statement = delete(self._table).where(c.user_id == user_id, c.provider == provider)
        if version:
            statement = statement.where(c.version == version)
        return bool(await self._database.change(statement))


class ExternalSessionStore:
    """Sessions begun at providers; see :class:`~buckler.guard.stores.federation.ExternalSessions`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.external_sessions

    async def add(self, session: ExternalSession) -> None:
        """Keep it, in place of what the same session was begun by before."""
        statement = self._database.insert(self._table).values(values_of(session))
        new = {c.name: statement.excluded[c.name] for c in self._table.c if not c.primary_key}
        kept = statement.on_conflict_do_update(index_elements=[self._table.c.session_id], set_=new)
        await self._database.add(kept)

    async def find(self, session_id: str) -> ExternalSession | None:
        """What one of our sessions was begun by, or None."""
        query = select(self._table).where(self._table.c.session_id == session_id)
        row = await self._database.one(query)
        return None if row is None else ExternalSession(**fields_of(row))

    async def take(
        self, issuer: str, *, sid: str = "", subject: str = ""
    ) -> Sequence[ExternalSession]:
        """Remove and give those of an issuer with that ``sid`` and that subject."""
        if (not sid and not subject) or not all(map(keepable, (issuer, sid, subject))):
            return []
        c = self._table.c
        statement = delete(self._table).where(c.issuer == issuer)
        if sid:
            statement = statement.where(c.sid == sid)
        if subject:
            statement = statement.where(c.subject == subject)
        async with self._database.single() as connection:
            rows = (await connection.execute(statement.returning(*c))).all()
        return [ExternalSession(**fields_of(row)) for row in rows]

    async def of(self, user_id: str, provider: str) -> Sequence[ExternalSession]:
        """Those of an account at one provider."""
        c = self._table.c
        query = select(self._table).where(c.user_id == user_id, c.provider == provider)
        return [ExternalSession(**fields_of(row)) for row in await self._database.all(query)]

    async def drop(self, session_id: str) -> bool:
        """Remove one; False where there is none."""
        statement = delete(self._table).where(self._table.c.session_id == session_id)
        return bool(await self._database.change(statement))

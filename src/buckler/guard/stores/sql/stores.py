"""All stores in one database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from buckler.guard.options import GuardError, flag, instance
from buckler.guard.stores.records import Standing
from buckler.guard.stores.sql import migrations
from buckler.guard.stores.sql.belongings import forget
from buckler.guard.stores.sql.database import Database
from buckler.guard.stores.sql.engine import check_engine, engine_of, reading_engine_of
from buckler.guard.stores.sql.factors import FactorStore
from buckler.guard.stores.sql.federation import (
    ExternalIdentityStore,
    ExternalSessionStore,
    ExternalTokenStore,
)
from buckler.guard.stores.sql.oauth import OAuthStore
from buckler.guard.stores.sql.own_table import SqlUsers
from buckler.guard.stores.sql.reader import Reader
from buckler.guard.stores.sql.refresh import RefreshTokenStore
from buckler.guard.stores.sql.roles import RoleStore
from buckler.guard.stores.sql.schema import check_schema
from buckler.guard.stores.sql.sessions import ApiKeyStore, SessionStore
from buckler.guard.stores.sql.tables import PREFIX, check_prefix, make_tables
from buckler.guard.stores.sql.tokens import (
    FailedAttemptStore,
    OneTimeTokenStore,
    RevocationStore,
    key_of,
)
from buckler.guard.stores.sql.types import keepable
from buckler.guard.stores.sql.users import AccountStore

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class SqlStores:
    """Identities in an SQL database: SQLite through aiosqlite, PostgreSQL through asyncpg or psycopg.

    Its tables are made by migration (``buckler db upgrade``, or the application's own Alembic project), never
    at the start of an application, where several workers would make them at once; see ``create``.

    Args:
        database: Address such as ``sqlite+aiosqlite:///app.db``, or an engine of the application's own, which is
            left open at the end.
        users: Accounts in a table of the application's own; None: in ours.
        prefix: Of the names of all our tables.
        create: SQLite alone, for development: :meth:`open` makes or migrates the tables. Takes an address.

    Raises:
        GuardError: An option is wrong, or the driver is not installed.
    """

    __slots__ = (
        "_create",
        "_database",
        "_ours",
        "_prefix",
        "_tables",
        "attempts",
        "external_identities",
        "external_sessions",
        "external_tokens",
        "factors",
        "keys",
        "oauth",
        "one_time",
        "refresh",
        "revocations",
        "roles",
        "sessions",
        "users",
    )

    def __init__(
        self,
        database: str | URL | AsyncEngine,
        *,
        users: SqlUsers | None = None,
        prefix: str = PREFIX,
        create: bool = False,
    ) -> None:
        instance(users, "users", SqlUsers)
        self._prefix = check_prefix(prefix)
        self._ours = not isinstance(database, AsyncEngine)
        engine = (
            check_engine(database) if isinstance(database, AsyncEngine) else engine_of(database)
        )
        self._create = flag(create, "create")
        if create and (engine.dialect.name != "sqlite" or not self._ours):
            raise GuardError(
                "create=True takes the address of an SQLite database",
                hint="run `buckler db upgrade --database ...` before the workers start",
            )
        self._tables = make_tables(MetaData(), prefix)
        reading = reading_engine_of(engine) if self._ours else None
        run = self._database = Database(engine, Reader(reading) if reading is not None else None)
        self.users = AccountStore(run, self._tables, users)
        self.roles = RoleStore(run, self._tables)
        self.sessions = SessionStore(run, self._tables)
        self.refresh = RefreshTokenStore(run, self._tables)
        self.keys = ApiKeyStore(run, self._tables)
        self.one_time = OneTimeTokenStore(run, self._tables)
        self.attempts = FailedAttemptStore(run, self._tables)
        self.revocations = RevocationStore(run, self._tables)
        self.factors = FactorStore(run, self._tables)
        self.oauth = OAuthStore(run, self._tables)
        self.external_identities = ExternalIdentityStore(run, self._tables)
        self.external_tokens = ExternalTokenStore(run, self._tables)
        self.external_sessions = ExternalSessionStore(run, self._tables)

    def session(self) -> AsyncSession:
        """A session of SQLAlchemy on the same database, for objects of the application's that are kept there."""
        return AsyncSession(self._database.engine, expire_on_commit=False)

    async def standing(self, user_id: str, *token_ids: str) -> Standing | None:
        """What has to be known of a principal at every request, in one statement; None for no account.

        Raises:
            StoreError: The database did not answer.
        """
        return await self.users.standing(user_id, [key_of(token_id) for token_id in token_ids])

    async def forget(self, user_id: str) -> None:
        """Remove an account and all that belongs to it, in one transaction.

        Raises:
            StoreError: The database did not answer, or a row of the application's own still names the account:
                then all of it stays.
        """
        if not keepable(user_id):
            return
        async with self._database.transaction() as connection:
            await self.users.remove_in(connection, user_id)
            await forget(connection, self._tables, user_id)

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind.

        A refresh token stays until its family ends: one that was stolen is known by coming again, however late.
        """
        tables = self._tables
        families, refresh = tables.families, tables.refresh
        over = select(families.c.id).where(families.c.expires <= now)
        async with self._database.transaction() as connection:
            gone = delete(refresh).where(refresh.c.family_id.in_(over))
            tokens = (await connection.execute(gone)).rowcount
            ended = delete(families).where(families.c.expires <= now)
            counts = {
                "refresh_tokens": tokens,
                "refresh_families": (await connection.execute(ended)).rowcount,
            }
        for name, table, column in (
            ("sessions", tables.sessions, "expires"),
            ("keys", tables.keys, "expires"),
            ("one_time", tables.one_time, "expires"),
            ("attempts", tables.attempts, "until"),
            ("revocations", tables.revocations, "until"),
            ("external_sessions", tables.external_sessions, "expires"),
        ):
            statement = delete(table).where(table.c[column] <= now)
            counts[name] = await self._database.change(statement)
        return {**counts, **await self.oauth.prune(now)}

    async def open(self) -> None:
        """Look whether the tables are those that this version works with.

        Raises:
            GuardError: They are not; it names the command that makes them. Or the event loop is not asyncio's.
            StoreError: The database did not answer.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError as error:
            raise GuardError(
                "SqlStores runs on asyncio alone, as the drivers of SQLAlchemy do",
                hint="run the application on asyncio, or write MemoryStores()",
            ) from error
        if self._create:
            await migrations.upgrade(self._database.engine, prefix=self._prefix)
        await check_schema(self._database, self._tables, self._prefix, ours=self._ours)

    async def close(self) -> None:
        """Close the connections, but those of an engine of the application's own."""
        if self._ours:
            await self._database.close()

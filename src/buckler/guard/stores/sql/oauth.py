"""What an authorization server keeps, in SQL; each decision is one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import case, delete, exists, func, literal, select, update

from buckler.guard.stores.oauth_records import (
    ClientRow,
    Consent,
    DeviceRequest,
    Grant,
    GrantToken,
    OpaqueToken,
    PendingRequest,
    ServerKey,
)
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.oauth_grants import GrantStore, drop_grants
from buckler.guard.stores.sql.oauth_tables import OAuthTables
from buckler.guard.stores.sql.tokens import key_of
from buckler.guard.stores.sql.types import UnkeepableError


class ClientStore:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthClients`."""

    __slots__ = ("_database", "_table", "_tables")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._tables = tables
        self._table = tables.oauth_clients

    async def get(self, client_id: str) -> ClientRow | None:
        """The one, or None."""
        row = await self._database.one(select(self._table).where(self._table.c.id == client_id))
        return None if row is None else ClientRow(**fields_of(row))

    async def put(self, client: ClientRow) -> None:
        """Register one, or change its metadata."""
        statement = self._database.insert(self._table).values(values_of(client))
        changed = statement.on_conflict_do_update(
            index_elements=[self._table.c.id], set_={"data": statement.excluded.data}
        )
        await self._database.add(changed)

    async def add(self, client: ClientRow) -> bool:
        """Register a new one; False where its id is taken."""
        statement = self._database.insert(self._table).values(values_of(client))
        kept = statement.on_conflict_do_nothing().returning(self._table.c.id)
        return await self._database.add(kept) is not None

    async def add_unused(self, client: ClientRow, now: float, *, most: int) -> bool:
        """Register a new one, if fewer than ``most`` wait for their first use."""
        c = self._table.c
        waiting = select(func.count()).where(c.unused_until > now).scalar_subquery()
        values = values_of(client)
        row = select(*(literal(value, c[name].type) for name, value in values.items()))
        statement = self._database.insert(self._table).from_select(
            list(values), row.where(waiting < most)
        )
        kept = statement.on_conflict_do_nothing().returning(c.id)
        return await self._database.add(kept) is not None

    async def use(self, client_id: str) -> None:
        """It stays: somebody agreed to it."""
        c = self._table.c
        waiting = (c.id == client_id) & c.unused_until.is_not(None)
        await self._database.change(update(self._table).where(waiting).values(unused_until=None))

    async def drop(self, client_id: str) -> bool:
        """Remove one, and all that was granted to it; False where there is none."""
        tables = self._tables
        theirs = (tables.oauth_access, tables.oauth_requests, tables.oauth_devices)
        try:
            async with self._database.transaction() as connection:
                gone = delete(self._table).where(self._table.c.id == client_id)
                found = (await connection.execute(gone)).rowcount
                granted = tables.oauth_grants.c.client_id == client_id
                await drop_grants(connection, tables, granted)
                for table in (*theirs, tables.oauth_consents):
                    await connection.execute(delete(table).where(table.c.client_id == client_id))
        except UnkeepableError:
            return False
        return bool(found)

    async def page(self, after: str = "", limit: int = 100) -> Sequence[ClientRow]:
        """Those by id, behind ``after`` alone."""
        c = self._table.c
        query = select(self._table).where(c.id > after).order_by(c.id).limit(limit)
        return [ClientRow(**fields_of(row)) for row in await self._database.all(query)]


class OpaqueTokenStore:
    """See :class:`~buckler.guard.stores.oauth_interface.OpaqueTokens`."""

    __slots__ = ("_database", "_grants", "_table")

    def __init__(self, database: Database, tables: OAuthTables, grants: GrantStore) -> None:
        self._database = database
        self._table = tables.oauth_access
        self._grants = grants

    async def add(self, token: OpaqueToken) -> None:
        """Keep a new one."""
        await self._database.add(self._database.insert(self._table).values(values_of(token)))

    async def find(self, digest: str) -> tuple[OpaqueToken, Grant | None] | None:
        """The token and its grant; None for one that is not there."""
        row = await self._database.one(select(self._table).where(self._table.c.digest == digest))
        if row is None:
            return None
        token = OpaqueToken(**fields_of(row))
        return token, await self._grants.get(token.grant_id) if token.grant_id else None

    async def drop(self, digest: str) -> bool:
        """Remove one; False where there is none."""
        statement = delete(self._table).where(self._table.c.digest == digest)
        return bool(await self._database.change(statement))


class PendingRequestStore:
    """See :class:`~buckler.guard.stores.oauth_interface.PendingRequests`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._table = tables.oauth_requests

    async def add(self, request: PendingRequest) -> None:
        """Keep a new one."""
        await self._database.add(self._database.insert(self._table).values(values_of(request)))

    async def find(self, digest: str, kind: str) -> PendingRequest | None:
        """The one, or None; it stays."""
        c = self._table.c
        row = await self._database.one(
            select(self._table).where(c.digest == digest, c.kind == kind)
        )
        return None if row is None else PendingRequest(**fields_of(row))

    async def take(self, digest: str, kind: str, now: float) -> PendingRequest | None:
        """Remove and give it, if it has not expired; to one caller alone."""
        c = self._table.c
        statement = delete(self._table).where(c.digest == digest, c.kind == kind, c.expires > now)
        row = await self._database.take(statement.returning(*c))
        return None if row is None else PendingRequest(**fields_of(row))


class DeviceRequestStore:
    """See :class:`~buckler.guard.stores.oauth_interface.DeviceRequests`."""

    __slots__ = ("_database", "_grants", "_table", "_tables")

    def __init__(self, database: Database, tables: OAuthTables, grants: GrantStore) -> None:
        self._database = database
        self._tables = tables
        self._table = tables.oauth_devices
        self._grants = grants

    async def add(self, request: DeviceRequest) -> bool:
        """Keep a new one; False where its user code is taken."""
        statement = self._database.insert(self._table).values(values_of(request))
        kept = statement.on_conflict_do_nothing().returning(self._table.c.digest)
        return await self._database.add(kept) is not None

    async def find(self, digest: str) -> DeviceRequest | None:
        """The one with that device code, or None."""
        row = await self._database.one(select(self._table).where(self._table.c.digest == digest))
        return None if row is None else DeviceRequest(**fields_of(row))

    async def by_user_code(self, user_code: str) -> DeviceRequest | None:
        """The one with that user code, or None."""
        c = self._table.c
        row = await self._database.one(select(self._table).where(c.user_code == user_code))
        return None if row is None else DeviceRequest(**fields_of(row))

    async def polled(self, digest: str, *, before: float, now: float, interval: float) -> bool:
        """It asked, if it last did so ``before``; False where another request was faster."""
        c = self._table.c
        statement = update(self._table).where(c.digest == digest, c.polled == before)
        return bool(await self._database.change(statement.values(polled=now, interval=interval)))

    async def decide(self, digest: str, status: str, grant: Grant | None = None) -> bool:
        """Approve or deny one that is pending, and keep the grant of an approval, in one transaction."""
        c = self._table.c
        statement = (
            update(self._table)
            .where(c.digest == digest, c.status == "pending")
            .values(status=status, grant_id="" if grant is None else grant.id)
        )
        async with self._database.transaction() as connection:
            if not (await connection.execute(statement)).rowcount:
                return False
            if grant is not None:
                await self._grants.keep(connection, grant)
        return True

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use an approved one up, and keep its first refresh token, in one transaction."""
        c, grants = self._table.c, self._tables.oauth_grants.c
        alive = exists().where(grants.id == c.grant_id, grants.revoked.is_(None))
        statement = (
            update(self._table)
            .where(c.digest == digest, c.status == "approved", c.expires > now, alive)
            .values(status="redeemed")
        )
        try:
            async with self._database.transaction() as connection:
                if not (await connection.execute(statement)).rowcount:
                    return False
                await self._grants.keep_first(connection, first)
        except UnkeepableError:
            return False
        return True


class ConsentStore:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthConsents`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._table = tables.oauth_consents

    async def get(self, user_id: str, client_id: str) -> Consent | None:
        """What somebody agreed to for a client, or None."""
        c = self._table.c
        row = await self._database.one(
            select(self._table).where(c.user_id == user_id, c.client_id == client_id)
        )
        return None if row is None else Consent(**fields_of(row))

    async def put(self, consent: Consent) -> None:
        """Keep it in place of an earlier one."""
        statement = self._database.insert(self._table).values(values_of(consent))
        new, c = statement.excluded, self._table.c
        await self._database.add(
            statement.on_conflict_do_update(
                index_elements=[c.user_id, c.client_id],
                set_={"scopes": new.scopes, "resources": new.resources, "given": new.given},
            )
        )

    async def drop(self, user_id: str, client_id: str) -> bool:
        """Take it back; False where there is none."""
        c = self._table.c
        statement = delete(self._table).where(c.user_id == user_id, c.client_id == client_id)
        return bool(await self._database.change(statement))

    async def of(self, user_id: str) -> Sequence[Consent]:
        """All of an account's."""
        query = select(self._table).where(self._table.c.user_id == user_id)
        return [Consent(**fields_of(row)) for row in await self._database.all(query)]


class ReplayStore:
    """See :class:`~buckler.guard.stores.oauth_interface.Replays`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._table = tables.oauth_replays

    async def first(self, key: str, until: float) -> bool:
        """Whether a key comes for the first time."""
        statement = self._database.insert(self._table).values(id=key_of(key), until=until)
        kept = statement.on_conflict_do_nothing().returning(self._table.c.id)
        return await self._database.add(kept) is not None


class ServerKeyStore:
    """See :class:`~buckler.guard.stores.oauth_interface.ServerKeys`."""

    __slots__ = ("_database", "_table")

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._table = tables.oauth_keys

    async def all(self) -> Sequence[ServerKey]:
        """All that are kept."""
        rows = await self._database.all(select(self._table))
        return [ServerKey(**fields_of(row)) for row in rows]

    async def add(self, key: ServerKey) -> bool:
        """Keep one; False where another worker made that of its period."""
        statement = self._database.insert(self._table).values(values_of(key))
        kept = statement.on_conflict_do_nothing().returning(self._table.c.id)
        return await self._database.add(kept) is not None

    async def drop(self, key_id: str) -> bool:
        """Remove one; False where there is none."""
        statement = delete(self._table).where(self._table.c.id == key_id)
        return bool(await self._database.change(statement))

    async def end(self, key_id: str, at: float) -> bool:
        """Let one sign and verify no more from then on; False where there is none."""
        c = self._table.c
        sooner = {
            name: case((c[name] < at, c[name]), else_=at)
            for name in ("signs_until", "published_until")
        }
        statement = update(self._table).where(c.id == key_id).values(sooner)
        return bool(await self._database.change(statement))


class OAuthStore:
    """All of it; see :class:`~buckler.guard.stores.oauth_interface.OAuthStores`."""

    __slots__ = (
        *("_database", "_tables", "clients", "consents", "devices", "grants", "keys"),
        *("opaque", "pending", "replays"),
    )

    def __init__(self, database: Database, tables: OAuthTables) -> None:
        self._database = database
        self._tables = tables
        self.grants = GrantStore(database, tables)
        self.clients = ClientStore(database, tables)
        self.opaque = OpaqueTokenStore(database, tables, self.grants)
        self.pending = PendingRequestStore(database, tables)
        self.devices = DeviceRequestStore(database, tables, self.grants)
        self.consents = ConsentStore(database, tables)
        self.replays = ReplayStore(database, tables)
        self.keys = ServerKeyStore(database, tables)

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind. Codes and refresh tokens go with their grant."""
        tables = self._tables
        async with self._database.transaction() as connection:
            over = tables.oauth_grants.c.expires <= now
            counts = {"oauth_grants": await drop_grants(connection, tables, over)}
        for name, table, column in (
            ("oauth_tokens", tables.oauth_access, "expires"),
            ("oauth_requests", tables.oauth_requests, "expires"),
            ("oauth_devices", tables.oauth_devices, "expires"),
            ("oauth_replays", tables.oauth_replays, "until"),
            ("oauth_clients", tables.oauth_clients, "unused_until"),
        ):
            statement = delete(table).where(table.c[column] <= now)
            counts[name] = await self._database.change(statement)
        return counts

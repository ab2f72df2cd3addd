"""Second factors, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from buckler.guard.stores.records import Passkey, TotpFactor
from buckler.guard.stores.sql.database import Database, fields_of, values_of
from buckler.guard.stores.sql.tables import Tables
from buckler.guard.stores.sql.tokens import key_of


class FactorStore:
    """Second factors; see :class:`~buckler.guard.stores.interface.Factors`."""

    __slots__ = ("_codes", "_database", "_passkeys", "_totp")

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._totp = tables.totp
        self._codes = tables.codes
        self._passkeys = tables.passkeys

    async def totp(self, user_id: str) -> TotpFactor | None:
        """The shared secret of an account, or None."""
        row = await self._database.one(select(self._totp).where(self._totp.c.user_id == user_id))
        return None if row is None else TotpFactor(**fields_of(row))

    async def put_totp(self, factor: TotpFactor) -> bool:
        """Keep it, in place of one that is not confirmed; False where a confirmed one is there."""
        c = self._totp.c
        values = values_of(factor)
        statement = self._database.insert(self._totp).values(values)
        kept = await self._database.add(
            statement.on_conflict_do_update(
                index_elements=[c.user_id],
                set_={name: values[name] for name in ("secret", "confirmed", "step")},
                where=c.confirmed.is_(False),
            ).returning(c.user_id)
        )
        return kept is not None

    async def change_totp(
        self, user_id: str, secret: str, *, instead_of: str, confirmed: bool
    ) -> bool:
        """Set secret and confirmation if the secret still is ``instead_of``, and leave the step; else False."""
        c = self._totp.c
        statement = update(self._totp).where(c.user_id == user_id, c.secret == instead_of)
        values = statement.values(secret=secret, confirmed=confirmed)
        return bool(await self._database.change(values))

    async def use_step(self, user_id: str, step: int) -> bool:
        """Take a time step, if it is later than the last one taken; to one caller alone."""
        c = self._totp.c
        statement = update(self._totp).where(c.user_id == user_id, c.step < step)
        return bool(await self._database.change(statement.values(step=step)))

    async def drop_totp(self, user_id: str) -> bool:
        """Remove it."""
        statement = delete(self._totp).where(self._totp.c.user_id == user_id)
        return bool(await self._database.change(statement))

    async def put_codes(self, user_id: str, digests: Sequence[str]) -> None:
        """Keep recovery codes in place of all earlier ones."""
        rows = [{"user_id": user_id, "digest": digest} for digest in sorted(set(digests))]
        async with self._database.transaction() as connection:
            if self._database.is_postgresql:
                # Two at once would each remove the old codes, and both keep theirs.
                lock = int.from_bytes(bytes.fromhex(key_of(f"codes {user_id}"))[:8], signed=True)
                await connection.execute(select(func.pg_advisory_xact_lock(lock)))
            gone = delete(self._codes).where(self._codes.c.user_id == user_id)
            await connection.execute(gone)
            if rows:
                await connection.execute(self._database.insert(self._codes).values(rows))

    async def take_code(self, user_id: str, digest: str) -> bool:
        """Take a recovery code; to one caller alone."""
        c = self._codes.c
        statement = delete(self._codes).where(c.user_id == user_id, c.digest == digest)
        return bool(await self._database.change(statement))

    async def codes_left(self, user_id: str) -> int:
        """How many recovery codes are left."""
        query = select(func.count()).select_from(self._codes)
        row = await self._database.one(query.where(self._codes.c.user_id == user_id))
        return 0 if row is None else int(row[0])

    async def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a new one; False where its id is taken."""
        statement = (
            self._database.insert(self._passkeys)
            .values(values_of(passkey))
            .on_conflict_do_nothing()
            .returning(self._passkeys.c.id)
        )
        return await self._database.add(statement) is not None

    async def passkey(self, passkey_id: str) -> Passkey | None:
        """The one with that credential id, or None."""
        c = self._passkeys.c
        row = await self._database.one(select(self._passkeys).where(c.id == passkey_id))
        return None if row is None else Passkey(**fields_of(row))

    async def passkeys(self, user_id: str) -> Sequence[Passkey]:
        """Those of an account, newest first."""
        c = self._passkeys.c
        query = select(self._passkeys).where(c.user_id == user_id)
        rows = await self._database.all(query.order_by(c.created.desc(), c.id))
        return [Passkey(**fields_of(row)) for row in rows]

    async def use_passkey(
        self, passkey_id: str, *, before: int, sign_count: int, used: float
    ) -> bool:
        """Set its counter if it still is ``before``; False where it is not."""
        c = self._passkeys.c
        statement = update(self._passkeys).where(c.id == passkey_id, c.sign_count == before)
        return bool(await self._database.change(statement.values(sign_count=sign_count, used=used)))

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""
        c = self._passkeys.c
        statement = delete(self._passkeys).where(c.id == passkey_id, c.user_id == user_id)
        return bool(await self._database.change(statement))

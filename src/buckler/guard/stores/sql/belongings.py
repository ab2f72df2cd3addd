"""What belongs to an account, and how all of it goes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from buckler.guard.stores.sql.oauth_grants import drop_grants
from buckler.guard.stores.sql.tables import Tables


async def forget(connection: AsyncConnection, tables: Tables, user_id: str) -> None:
    """Remove all that belongs to an account, but not itself, in a transaction that has begun.

    Args:
        connection: In a transaction.
        tables: Ours.
        user_id: Whose.
    """
    theirs_alone = (tables.sessions, tables.keys, tables.totp, tables.codes, tables.passkeys)
    elsewhere = (tables.external_identities, tables.external_tokens, tables.external_sessions)
    for table in theirs_alone + elsewhere:
        await connection.execute(delete(table).where(table.c.user_id == user_id))
    one_time, families, refresh = tables.one_time, tables.families, tables.refresh
    await connection.execute(delete(one_time).where(one_time.c.subject == user_id))
    theirs = select(families.c.id).where(families.c.user_id == user_id)
    await connection.execute(delete(refresh).where(refresh.c.family_id.in_(theirs)))
    await connection.execute(delete(families).where(families.c.user_id == user_id))
    await drop_grants(connection, tables, tables.oauth_grants.c.user_id == user_id)
    consents = tables.oauth_consents
    await connection.execute(delete(consents).where(consents.c.user_id == user_id))
    await connection.execute(delete(tables.states).where(tables.states.c.user_id == user_id))
    assignments = tables.assignments
    gone = await connection.execute(delete(assignments).where(assignments.c.user_id == user_id))
    if gone.rowcount:
        await raise_epoch(connection, tables)


async def raise_epoch(connection: AsyncConnection, tables: Tables) -> None:
    """Count a change of roles, last of all: the row is locked until the transaction ends.

    Args:
        connection: In a transaction.
        tables: Ours.
    """
    epoch = tables.epoch
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(epoch)
        .values(id=1, value=1)
        .on_conflict_do_update(index_elements=[epoch.c.id], set_={"value": epoch.c.value + 1})
    )
    await connection.execute(statement)

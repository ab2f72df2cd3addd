"""The connection pool, the schema and the first rows."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from spoke.env import env
from spoke.passwords import scramble

SCHEMA = Path(__file__).with_name("sql") / "schema.sql"

FIRST_RIDERS = [
    ("lena", "blue-carbon-fork", "Lund", False),
    ("marek", "steel-is-real-99", "Jena", False),
    ("chief", "torque-wrench-5nm", "Jena", True),
]


async def open_pool() -> asyncpg.Pool:
    pool = await asyncpg.create_pool(env.dsn, min_size=1, max_size=env.pool_max)
    async with pool.acquire() as con, con.transaction():
        await con.execute(SCHEMA.read_text(encoding="utf-8"))
        if not await con.fetchval("SELECT EXISTS (SELECT FROM rider)"):
            await first_rows(con)
    return pool


async def first_rows(con: asyncpg.Connection) -> None:
    await con.executemany(
        "INSERT INTO rider (handle, passphrase, town, staff) VALUES ($1, $2, $3, $4)",
        [(handle, scramble(phrase), town, staff) for handle, phrase, town, staff in FIRST_RIDERS],
    )
    await con.execute(
        """
        INSERT INTO job (rider_id, sku, pieces, phone, remark)
        SELECT rider_id, 'CH-11', 1, '0170 55501' || rider_id, 'for ' || handle
        FROM rider WHERE NOT staff
        """
    )


async def connection(request: Request) -> AsyncIterator[asyncpg.Connection]:
    async with request.app.state.pool.acquire() as con:
        yield con


Con = Annotated[asyncpg.Connection, Depends(connection)]

"""Clients that were registered before it was known which of them are used."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from buckler.guard import SqlStores
from buckler.guard.stores.sql import migrations
from buckler.guard.stores.sql.engine import engine_of


def test_they_stay(tmp_path: Path) -> None:
    file = tmp_path / "app.db"
    url = f"sqlite+aiosqlite:///{file}"

    async def upgrade(to: str) -> None:
        engine = engine_of(url)
        await migrations.upgrade(engine, to=to)
        await engine.dispose()

    async def left() -> list[str]:
        stores = SqlStores(url)
        try:
            await stores.prune(2_000_000_000.0)
            return [one.id for one in await stores.oauth.clients.page()]
        finally:
            await stores.close()

    asyncio.run(upgrade("buckler_0003"))
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO buckler_oauth_clients VALUES ('old', '{}', 1.0)")
    connection.close()
    asyncio.run(upgrade("head"))
    assert asyncio.run(left()) == ["old"]

"""Tables are made in one transaction, so that processes may make them at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import event

from buckler.guard.stores.sql import migrations
from buckler.guard.stores.sql.engine import engine_of
from tests.conftest import ROOT
from tests.guard.stores.test_migrations import differences

pytestmark = pytest.mark.slow

START = """
import asyncio, sys
from buckler.guard import SqlStores
from buckler.guard.stores.sql import migrations
from buckler.guard.stores.sql.engine import engine_of
async def main():
    url = sys.argv[1]
    if url.startswith("sqlite"):
        stores = SqlStores(url, create=True)
    else:
        engine = engine_of(url)
        await migrations.upgrade(engine)
        await engine.dispose()
        stores = SqlStores(url)
    await stores.open()
    await stores.close()
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""


def test_all_revisions_are_one_transaction(url: str) -> None:
    done: list[str] = []

    async def run() -> None:
        engine = engine_of(url)

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def executed(_: Any, cursor: Any, statement: str, *__: Any) -> None:
            done.append(statement.strip())

        @event.listens_for(engine.sync_engine, "commit")
        def committed(_: Any) -> None:
            done.append("COMMIT")

        await migrations.upgrade(engine)
        await engine.dispose()

    asyncio.run(run())
    first = next(number for number, one in enumerate(done) if one.startswith("CREATE TABLE"))
    assert [number for number, one in enumerate(done) if one == "COMMIT"][-1] == len(done) - 1
    assert done[first:].count("COMMIT") == 1


def test_processes_that_make_the_tables_at_once_all_find_them(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", START, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
    assert differences(url) == []

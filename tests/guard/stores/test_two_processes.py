"""Two workers on one PostgreSQL, or on one SQLite file: what may happen once happens once for both together."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from buckler.guard import SqlStores
from buckler.guard.stores.records import OneTimeToken, Session, TotpFactor, User
from tests.conftest import ROOT
from tests.guard.stores.conftest import migrate_now
from tests.guard.stores.test_sessions import FAMILY, SESSION
from tests.guard.stores.test_sessions import TOKEN as REFRESH

pytestmark = pytest.mark.slow

CALLERS = 20
WORKER = """
import asyncio, json, sys
from dataclasses import replace
from buckler.guard import SqlStores
from buckler.guard.stores.records import OneTimeToken, Session, User
from tests.guard.stores.test_sessions import SESSION

async def main(url, mark, callers):
    stores = SqlStores(url)
    await stores.open()
    await asyncio.gather(*(stores.roles.epoch() for _ in range(callers)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    async def many(call):
        return [one for one in await asyncio.gather(*(call(n) for n in range(callers)))]
    won = {
        "take": [bool(one) for one in await many(lambda n: stores.one_time.take("d", "reset", 1.0))],
        "advance": await many(lambda n: stores.refresh.advance("f1", head="", to=f"{mark}{n}")),
        "use_step": await many(lambda n: stores.factors.use_step("alice", 7)),
        "rotate": await many(lambda n: stores.sessions.rotate("d1", replace(SESSION, digest=f"{mark}{n}"))),
        "take_code": await many(lambda n: stores.factors.take_code("alice", "c")),
        "revoke": await many(lambda n: stores.revocations.revoke("jti", 9.0)),
        "add": [bool(one) for one in await many(lambda n: stores.users.add(User(id=f"{mark}{n}", name="one")))],
        "assign": await many(lambda n: stores.roles.assign("alice", "clerk")),
        "password": await many(lambda n: stores.users.set_password("bob", f"{mark}{n}", instead_of=None)),
    }
    won["fail"] = [one.count for one in await many(lambda n: stores.attempts.fail("a", 1.0, window=9.0))]
    await many(lambda n: stores.roles.assign(f"{mark}{n}", "clerk"))
    print(json.dumps(won), flush=True)
    await stores.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture(params=["asyncpg", "psycopg", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        found = f"sqlite+aiosqlite:///{tmp_path / 'app.db'}"
    else:
        cluster = request.getfixturevalue("postgresql")
        cluster.sql("DROP DATABASE IF EXISTS workers", "CREATE DATABASE workers")
        found = cluster.url(request.param, "workers")
    migrate_now(found)
    return found


async def prepare(url: str) -> None:
    stores = SqlStores(url)
    await stores.one_time.add(
        OneTimeToken(digest="d", purpose="reset", subject="alice", expires=9.0)
    )
    await stores.refresh.begin(FAMILY, REFRESH)
    await stores.factors.put_totp(TotpFactor(user_id="alice", secret="s"))
    await stores.factors.put_codes("alice", ["c"])
    await stores.sessions.add(SESSION)
    await stores.users.add(User(id="bob", name="bob"))
    await stores.close()


async def afterwards(url: str) -> tuple[int, int, list[Session]]:
    stores = SqlStores(url)
    attempts = await stores.attempts.get("a")
    found = (
        attempts.count if attempts else 0,
        await stores.roles.epoch(),
        list(await stores.sessions.of("alice")),
    )
    await stores.close()
    return found


def together(url: str) -> list[dict[str, list[Any]]]:
    """What the callers of two processes got that were let go at the same time."""
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, url, mark, str(CALLERS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            text=True,
        )
        for mark in ("a", "b")
    ]
    for process in running:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            pytest.fail(process.communicate(timeout=60)[1])
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    return [json.loads(out) for out, _ in said]


def test_one_of_both_workers_wins_and_no_count_is_lost(url: str) -> None:
    asyncio.run(prepare(url))
    first, second = together(url)
    for what in first.keys() - {"fail"}:
        got = first[what] + second[what]
        assert (what, got.count(True), len(got)) == (what, 1, 2 * CALLERS)
    assert sorted(first["fail"] + second["fail"]) == list(range(1, 2 * CALLERS + 1))
    count, epoch, sessions = asyncio.run(afterwards(url))
    # One that many asked for, and one for each caller.
    assert (count, epoch, len(sessions)) == (2 * CALLERS, 1 + 2 * CALLERS, 1)

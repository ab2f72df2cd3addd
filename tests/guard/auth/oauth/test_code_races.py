"""Two workers on one PostgreSQL: of all who redeem one code at once, one gets tokens, though workers are killed meanwhile.

With BUCKLER_EVERYTHING=1 it is 10,000 codes; without, as many as CI has time for.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard import SqlStores
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.stores.oauth_records import Code, Grant
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import migrations
from tests.conftest import ROOT
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.scene import challenge
from tests.guard.stores.postgres import Cluster, cluster
from tests.ports import free_port

pytestmark = pytest.mark.slow
CODES = 10_000 if os.environ.get("BUCKLER_EVERYTHING") else 120
KILLS = 20 if os.environ.get("BUCKLER_EVERYTHING") else 2
VERIFIER = "v" * 43
POINTS = ("before", "within", "after")
"""Where a worker is killed: before the write that redeems, in its transaction, and after it."""

APP = """
import os, signal
from fastapi import FastAPI
from buckler.guard import AuthorizationServer, AuthPolicy, Guard, OAuthClient, OAuthPolicy
from buckler.guard.stores.sql.oauth_grants import GrantStore

app = FastAPI(openapi_url=None)
guard = Guard(
    app, secret=os.environ["SECRET"], database=os.environ["DATABASE"], rate=None,
    auth=AuthPolicy(base_url="https://id.example", ways=["session"]),
)
server = AuthorizationServer(
    guard.identities, "https://id.example",
    clients=[OAuthClient(id="app", redirect_uris=["https://app.example/"])],
    policy=OAuthPolicy(rate=None),
)
app.include_router(server.router())
point, marked = os.environ.get("POINT", ""), os.environ.get("MARKED", "")
redeem, keep_first = GrantStore.redeem, GrantStore.keep_first

def die():
    os.kill(os.getpid(), signal.SIGKILL)

async def redeemed(self, digest, now, first=None):
    if digest == marked and point == "before":
        die()
    found = await redeem(self, digest, now, first)
    if digest == marked and point == "after":
        die()
    return found

async def kept(self, connection, first):
    await keep_first(self, connection, first)
    if point == "within" and first is not None and first.grant_id == os.environ["GRANT"]:
        die()

GrantStore.redeem, GrantStore.keep_first = redeemed, kept
"""


@dataclass
class Worker:
    """A process that is killed and started again."""

    folder: Path
    database: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        command = [sys.executable, "-m", "uvicorn", "racing:app", "--port", str(self.port)]
        given = {"SECRET": SECRET, "DATABASE": self.database, "PYTHONPATH": str(ROOT / "src")}
        with (self.folder / f"{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--no-server-header"],
                cwd=self.folder,
                env={**os.environ, **given, **environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{self.port}/oauth/jwks", timeout=60)
            except httpx2.TransportError:
                assert time.monotonic() < deadline, (self.folder / f"{self.port}.log").read_text()
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/oauth/token"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@contextmanager
def workers(folder: Path, database: str, started: int) -> Iterator[list[Worker]]:
    """Two of them, and how many of them run already."""
    (folder / "racing.py").write_text(APP, encoding="utf-8")
    made = [Worker(folder, database) for _ in range(2)]
    try:
        for one in made[:started]:
            one.start()
        yield made
    finally:
        for one in made:
            if one.process is not None:
                one.kill()


async def prepared(url: str, count: int) -> list[tuple[str, str]]:
    """Codes, each with the id of its grant, as the authorization endpoint keeps them."""
    engine = create_async_engine(url)
    await migrations.upgrade(engine)
    await engine.dispose()
    stores = SqlStores(url)
    await stores.users.add(User(id="ann", name="ann@mail.example"))
    now = time.time()
    made = []
    for _ in range(count):
        code, grant_id = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        grant = Grant(
            id=grant_id,
            client_id="app",
            user_id="ann",
            session="",
            created=now,
            expires=now + 86_400,
            scopes=frozenset(["openid"]),
        )
        data = {"redirect_uri": "https://app.example/", "challenge": challenge(VERIFIER)}
        kept = Code(
            digest=digest(code), grant_id=grant_id, created=now, expires=now + 3_600, data=data
        )
        await stores.oauth.grants.begin(grant, kept)
        made.append((code, grant_id))
    await stores.close()
    return made


async def race(http: Any, urls: list[str], code: str, many: int) -> int:
    """Redeem one code many times at once; how often it was."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "app",
        "redirect_uri": "https://app.example/",
        "code_verifier": VERIFIER,
    }

    async def one(number: int) -> int:
        try:
            answer = await http.post(urls[number % len(urls)], data=form)
        except httpx2.TransportError:  # the worker was killed: nobody knows
            return 0
        return int(answer.status_code == 200)

    return sum(await asyncio.gather(*map(one, range(many))))


def first_tokens(url: str) -> Counter[int]:
    """How many refresh tokens came of codes themselves, by how many a grant has."""
    address = url.replace("+asyncpg", "")
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM buckler_oauth_refresh WHERE parent = '' GROUP BY grant_id"
        ).fetchall()
    return Counter(count for (count,) in rows)


def test_a_code_gives_one_grant(tmp_path: Path, postgresql: Cluster) -> None:
    postgresql.sql("CREATE DATABASE races")
    url = postgresql.url(database="races")
    codes = asyncio.run(prepared(url, CODES))
    chance = random.Random(7)  # the same race each time, as far as one can be
    with workers(tmp_path, url, 2) as running:
        urls = [one.url for one in running]

        async def all_of_them() -> list[int]:
            gate = asyncio.Semaphore(8)
            async with httpx2.AsyncClient(timeout=60) as http:

                async def one(code: str) -> int:
                    async with gate:
                        return await race(http, urls, code, chance.randint(2, 10))

                killing = asyncio.create_task(killed(running, chance))
                found = await asyncio.gather(*(one(code) for code, _ in codes))
                await killing
                return found

        found = asyncio.run(all_of_them())
    assert max(found) == 1
    assert sum(found) > len(codes) / 2  # it was a race, and no standstill
    assert set(first_tokens(url)) == {1}


async def killed(running: list[Worker], chance: random.Random) -> None:
    """Kill a worker now and then, and start it again."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.3, 1.0))
        one = chance.choice(running)
        await asyncio.to_thread(one.kill)
        await asyncio.to_thread(one.start)


def test_a_worker_that_dies_on_the_way(tmp_path: Path, postgresql: Cluster) -> None:
    postgresql.sql("CREATE DATABASE dies")
    url = postgresql.url(database="dies")
    codes = asyncio.run(prepared(url, len(POINTS)))

    async def tried(worker: Worker, code: str) -> int:
        async with httpx2.AsyncClient(timeout=60) as http:
            return await race(http, [worker.url], code, 1)

    with workers(tmp_path, url, 1) as (other, dying):
        for point, (code, grant_id) in zip(POINTS, codes, strict=True):
            dying.start(POINT=point, MARKED=digest(code), GRANT=grant_id)
            assert asyncio.run(tried(dying, code)) == 0
            assert dying.process is not None and dying.process.wait(20) == -signal.SIGKILL
            # What was not committed did not happen: the code still counts. What was is not done again.
            assert asyncio.run(tried(other, code)) == (0 if point == "after" else 1)
            assert asyncio.run(tried(other, code)) == 0
    assert first_tokens(url) == Counter({1: len(POINTS)})

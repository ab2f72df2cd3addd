"""Two workers on one PostgreSQL: what one of them changes holds in the other at the next request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import ROOT
from tests.guard.access.shop import SECRET
from tests.guard.auth.shop import GOOD, OTHER
from tests.guard.stores.postgres import Cluster, cluster
from tests.ports import free_port

pytestmark = pytest.mark.slow

APP = """
import json, os, sys
from fastapi import FastAPI
from buckler.guard import Argon2Parameters, AuthPolicy, Guard, requires

app = FastAPI(openapi_url=None)
guard = Guard(
    app,
    secret=os.environ["SECRET"],
    database=os.environ["DATABASE"],
    roles={"clerk": ["orders:*"], "boss": ["*"]},
    auth=AuthPolicy(hashing=Argon2Parameters(memory="19 MiB", passes=2)),
    rate=None,
    sign_in_rate=None,
    events=lambda event: print(json.dumps([event.kind, event.reason]), flush=True),
)
app.include_router(guard.identities.router())

@app.get("/orders", dependencies=[requires("orders:read")])
async def orders():
    return []

@app.post("/first", dependencies=[guard.public])
async def first(name: str):
    user = await guard.identities.stores.users.by_name(name)
    return await guard.identities.assign(user.id, "boss")
"""


@dataclass
class Worker:
    """A process, and a client of it."""

    client: httpx2.Client
    log: Path

    def post(self, path: str, **body: Any) -> httpx2.Response:
        return self.client.post(f"/auth{path}", json=body)

    def orders(self, token: str) -> int:
        answer = self.client.get("/orders", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    def events(self) -> list[list[str]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("[")]


@contextmanager
def worker(folder: Path, name: str, url: str) -> Iterator[Worker]:
    port, log = free_port(), folder / f"{name}.log"
    command = [sys.executable, "-m", "uvicorn", "workers:app", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--log-level", "warning"],
            cwd=folder,
            env={**os.environ, "SECRET": SECRET, "DATABASE": url, "PYTHONPATH": str(ROOT / "src")},
            stdout=out,
            stderr=out,
        )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    client.get("/nothing")
                except httpx2.TransportError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                else:
                    break
            yield Worker(client, log)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def database() -> Iterator[Cluster]:
    with cluster() as running:
        done = subprocess.run(
            [sys.executable, "-m", "buckler", "db", "upgrade", "--database", running.url()],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield running


@pytest.fixture(scope="module")
def two(
    database: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, Worker]]:
    folder = tmp_path_factory.mktemp("workers")
    (folder / "workers.py").write_text(APP)
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(worker(folder, name, database.url())) for name in ("one", "other")
        )
        yield one, other


def account(at: Worker, name: str) -> dict[str, str]:
    """A new account's tokens."""
    assert at.post("/sign-up", name=name, password=GOOD).status_code == 202
    pair = at.post("/tokens", name=name, password=GOOD)
    assert pair.status_code == 200
    found: dict[str, str] = pair.json()
    return found


def test_a_change_of_rights_holds_in_the_other(two: tuple[Worker, Worker]) -> None:
    one, other = two
    ann, boss = account(one, "ann"), account(one, "boss")
    one.client.post("/first", params={"name": "boss"})
    lead = {"Authorization": f"Bearer {boss['access_token']}"}
    listed = other.client.get("/auth/users", headers=lead).json()
    ann_id = next(user["id"] for user in listed if user["name"] == "ann")
    token = ann["access_token"]
    assert [one.orders(token), other.orders(token)] == [403, 403]
    role = {"role": "clerk"}
    given = one.client.put(f"/auth/users/{ann_id}/roles", json=role, headers=lead)
    assert given.status_code == 200
    assert [other.orders(token), one.orders(token)] == [200, 200]
    less: dict[str, Any] = {"permissions": []}
    assert other.client.put("/auth/roles/clerk", json=less, headers=lead).status_code == 200
    assert [one.orders(token), other.orders(token)] == [403, 403]
    assert one.client.delete("/auth/roles/clerk", headers=lead).status_code == 200
    again = one.client.put(f"/auth/users/{ann_id}/roles", json=role, headers=lead)
    assert again.status_code == 200
    assert [other.orders(token), one.orders(token)] == [200, 200]
    gone = other.client.post(f"/auth/users/{ann_id}/disable", headers=lead)
    assert gone.status_code == 200
    assert [one.orders(token), other.orders(token)] == [401, 401]


def test_revocation_holds_in_the_other(two: tuple[Worker, Worker]) -> None:
    one, other = two
    pair = account(one, "revoked")
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    for at in two:  # in the cache of both
        assert at.client.get("/auth/me", headers=bearer).status_code == 200
    assert one.post("/sign-out/token", refresh_token=pair["refresh_token"]).status_code == 200
    for at in (other, one):
        assert at.client.get("/auth/me", headers=bearer).status_code == 401


def test_reuse_is_seen_by_the_other(two: tuple[Worker, Worker]) -> None:
    one, other = two
    first = account(one, "stolen")
    second = other.post("/refresh", refresh_token=first["refresh_token"]).json()
    third = one.post("/refresh", refresh_token=second["refresh_token"]).json()
    bearer = {"Authorization": f"Bearer {third['access_token']}"}
    assert other.client.get("/auth/me", headers=bearer).status_code == 200
    assert other.post("/refresh", refresh_token=first["refresh_token"]).status_code == 401
    assert one.client.get("/auth/me", headers=bearer).status_code == 401
    assert one.post("/refresh", refresh_token=third["refresh_token"]).status_code == 401
    assert ["token.reused", "reused"] in other.events()


def test_one_refresh_token_at_both_at_once(two: tuple[Worker, Worker]) -> None:
    first = account(two[0], "racing")
    with ThreadPoolExecutor(8) as pool:
        token = first["refresh_token"]
        answers = list(
            pool.map(lambda n: two[n % 2].post("/refresh", refresh_token=token), range(8))
        )
    # None was used yet: any of the answers may have been lost, and all of them are good.
    assert [answer.status_code for answer in answers] == [200] * 8
    successors = [answer.json()["refresh_token"] for answer in answers]
    with ThreadPoolExecutor(8) as pool:
        used = list(
            pool.map(
                lambda n: two[n % 2].post("/refresh", refresh_token=successors[n]).status_code,
                range(8),
            )
        )
    # One of them is the client's; whoever comes with another one shows that there are two holders.
    assert used.count(200) == 1
    assert two[0].post("/refresh", refresh_token=successors[used.index(200)]).status_code == 401


def test_guesses_are_counted_by_both(two: tuple[Worker, Worker]) -> None:
    account(two[0], "guessed")
    for n in range(8):
        assert two[n % 2].post("/sign-in", name="guessed", password=OTHER).status_code == 401
    statuses = [at.post("/sign-in", name="guessed", password=GOOD).status_code for at in two]
    assert statuses == [401, 401]
    for at in two:
        assert any(kind == "sign_in.locked" for kind, _ in at.events())


def test_sessions_end_in_both(two: tuple[Worker, Worker]) -> None:
    one, other = two
    account(one, "browsing")
    value = one.post("/sign-in", name="browsing", password=GOOD).cookies["__Host-session"]
    cookie = {"Cookie": f"__Host-session={value}"}
    for at in two:
        assert at.client.get("/auth/me", headers=cookie).status_code == 200
    assert other.client.post("/auth/sign-out/everywhere", headers=cookie).status_code == 200
    assert one.client.get("/auth/me", headers=cookie).status_code == 401

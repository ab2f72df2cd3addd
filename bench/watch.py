"""Pages of watch with 100,000 findings in 200 targets: ten people at once ask for overview, list, target and finding.

The real server under uvicorn, in a process of its own, with sessions, guard and everything; clients over loopback, which
do little, since they share the machine with it. On SQLite, and on PostgreSQL where it is installed. Rates of guard are not
counted meanwhile: all ten come from one address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from _table import CALIBRATED_MS, Figure, calibrate, figure, report

sys.path.insert(0, str(Path(__file__).parent.parent))

TARGETS = 200
FINDINGS = 100_000
SCANS = 30
PEOPLE = 10
EACH = 30
"""Requests of each person for each kind of page."""
BUDGET_MS = 150.0
KINDS = ("overview", "list", "next page", "target", "finding")
STATES = ("open",) * 6 + ("regressed", "fixed", "accepted", "false_alarm")
DETAIL = {
    "excerpt": [
        {"line": n, "text": "    value = request.query_params['q']  # code", "marked": n == 3}
        for n in range(7)
    ],
    "proof": [
        {
            "kind": "exchange",
            "request": {"method": "GET", "url": "http://app/x", "headers": [], "body": ""},
            "response": {"status": 200, "headers": [], "body": "x" * 600},
            "curl": "curl http://app/x",
            "mark": "",
            "shows": "",
        }
    ],
    "cwe": [89],
    "fix": {"summary": "bind it", "before": "a", "after": "b"},
}


def fill(service: Any, owner: str) -> dict[str, list[str]]:
    """The rows, by bulk insert; ids of targets and findings."""
    from buckler.core.finding import Severity
    from buckler.watch.db.findings import FINDINGS as TABLE
    from buckler.watch.db.findings import HISTORY
    from buckler.watch.db.metadata import new_id
    from buckler.watch.db.scans import SCANS as SCAN_TABLE
    from buckler.watch.db.targets import TARGETS as TARGET_TABLE

    chance, now = random.Random(7), time.time()
    severities = list(Severity)
    targets = [new_id() for _ in range(TARGETS)]
    target_rows = [
        {
            "id": one,
            "name": f"service {n:03d}",
            "kind": "git",
            "location": f"https://git.example/team/service-{n}.git",
            "branch": "main",
            "owner": owner,
            "trusted": False,
            "schedule": "@daily",
            "zone": "UTC",
            "next_at": now + 3600,
            "rules": {},
            "sla": {},
            "created_at": now - 1e7,
            "version": 1,
            "grade": "D",
            "score": chance.randrange(20, 100),
            "reached": 1.0,
            "reported_at": now - 600,
            "seen_until": now - 700,
        }
        for n, one in enumerate(targets)
    ]
    scan_rows = [
        {
            "id": new_id(),
            "target_id": one,
            "kind": "scan",
            "state": "done",
            "branch": "main",
            "revision": "a" * 40,
            "asked_by": owner,
            "asked_at": now - day * 86_400,
            "begun_at": now - day * 86_400,
            "ended_at": now - day * 86_400 + 20,
            "attempt": 1,
            "worker": "w",
            "why": "",
            "grade": "D",
            "score": chance.randrange(20, 100),
            "reached": 1.0,
            "counts": {"high": 3},
            "engines": ["source"],
            "changes": {"new": 1},
        }
        for one in targets
        for day in range(SCANS)
    ]
    finding_rows, history_rows = [], []
    for number in range(FINDINGS):
        severity, state = chance.choice(severities), chance.choice(STATES)
        unsolved = state in ("open", "regressed")
        finding_rows.append(
            {
                "id": new_id(),
                "target_id": targets[number % TARGETS],
                "fingerprint": f"{number:016x}",
                "rule": chance.choice(("INJ001", "INJ002", "ACC001", "PKG004", "HDR001")),
                "title": "SQL injection",
                "severity": severity.value,
                "rank": severity.rank,
                "confidence": "suspected",
                "message": "Input reaches the statement without being bound.",
                "path": f"app/part_{number % 50}.py",
                "line": number % 900,
                "operation": f"GET /things/{number % 400}",
                "slot": "query:q",
                "subject": "",
                "detail": DETAIL,
                "digest": f"{number:064x}",
                "engines": ["source"],
                "tool": "",
                "state": state,
                "by_code": False,
                "first_at": now - 1e6,
                "last_at": now - 600,
                "opened_at": now - 1e6 if unsolved else None,
                "due_at": now + chance.randrange(-1_000_000, 10_000_000) if unsolved else None,
                "told": "",
                "assignee": "",
                "accepted_until": None,
                "accepted_by": "",
                "reason": "",
                "version": 1,
            }
        )
        history_rows.append(
            {
                "id": new_id(),
                "finding_id": finding_rows[-1]["id"],
                "at": now - 1e6,
                "who": "watch",
                "what": "state",
                "before": "",
                "after": "open",
                "reason": "",
                "scan_id": None,
            }
        )
    with service.database.write() as connection:
        connection.execute(TARGET_TABLE.insert(), target_rows)
        connection.execute(SCAN_TABLE.insert(), scan_rows)
        for start in range(0, FINDINGS, 5_000):
            connection.execute(TABLE.insert(), finding_rows[start : start + 5_000])
            connection.execute(HISTORY.insert(), history_rows[start : start + 5_000])
    with service.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return {"targets": targets, "findings": [row["id"] for row in finding_rows[:5_000]]}


def serve(data: str, database: str) -> None:
    """In the process of the server: fill the database, say where it listens, serve."""
    import uvicorn

    from buckler.watch.app import administrator, create_app
    from buckler.watch.db import migrations
    from buckler.watch.options import Options
    from buckler.watch.running import _identities
    from buckler.watch.service import Service

    service = Service(Options(data=Path(data), database=database))
    migrations.upgrade(service.database)
    app = create_app(service)
    config = uvicorn.Config(app, port=0, log_level="error", server_header=False)
    server = uvicorn.Server(config)

    async def run() -> None:
        if database:
            await _identities(service)
        user_id, path = await administrator(app)
        ids = await asyncio.to_thread(fill, service, user_id)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        print(json.dumps({"address": f"http://127.0.0.1:{port}", "path": path, **ids}), flush=True)
        await serving

    with (
        app.state.guard.rated(None),
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        runner.run(run())


@contextlib.contextmanager
def served(database: str) -> Iterator[dict[str, Any]]:
    """The server in a process of its own, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", str(Path(folder) / "data"), database]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield json.loads(process.stdout.readline())
            finally:
                process.terminate()
                process.wait(30)


class Browser:
    """One connection that is kept, as a browser keeps it.

    Args:
        address: Of the server: ``http://127.0.0.1:PORT``.
        headers: Of each request.
    """

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._host, self._port = address.removeprefix("http://").split(":")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._rest = f" HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{lines}\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of an answer."""
        if self._reader is None or self._writer is None:
            opened = await asyncio.open_connection(self._host, int(self._port), limit=1 << 20)
            self._reader, self._writer = opened
        self._writer.write(f"GET {path}{self._rest}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("\r\ncontent-length:")[2].partition("\r\n")[0])
        return int(head[9:12]), (await self._reader.readexactly(length)).decode()

    def close(self) -> None:
        """Give the connection back."""
        if self._writer is not None:
            self._writer.close()


async def ask(said: dict[str, Any]) -> dict[str, list[float]]:
    """Ten people, each asking for one page after the other; milliseconds by kind of page."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    chance = random.Random(11)
    async with httpx2.AsyncClient(base_url=said["address"], timeout=60) as client:
        entered = await client.get(said["path"])
        cookie = entered.headers["set-cookie"].partition(";")[0]
    headers = {"Cookie": cookie, "Accept": "text/html"}

    async def person(number: int) -> None:
        with contextlib.closing(Browser(said["address"], headers)) as browser:
            following = "/findings"
            for turn in range(EACH):
                paths = {
                    "overview": "/",
                    "list": f"/findings?severity={chance.choice(('', 'critical', 'high'))}",
                    "next page": following,
                    "target": f"/targets/{chance.choice(said['targets'])}",
                    "finding": f"/findings/{chance.choice(said['findings'])}",
                }
                for kind in KINDS:
                    begun = time.perf_counter()
                    status, text = await browser.get(paths[kind])
                    took = (time.perf_counter() - begun) * 1000
                    if status != 200:
                        raise SystemExit(f"{paths[kind]}: {status} {text[:300]}")
                    if turn >= 2:  # the first ones fill what a process keeps
                        times[kind].append(took)
                    if kind == "next page" and 'rel="next" href="' in text:
                        link = text.partition('rel="next" href="')[2].partition('"')[0]
                        following = link.replace("&amp;", "&")

    await asyncio.gather(*(person(number) for number in range(PEOPLE)))
    return times


def measure(name: str, database: str, scale: float) -> list[Figure]:
    """Ask, and print p50 beside p95."""
    with served(database) as said:
        times = asyncio.run(ask(said))
    found = []
    for kind, taken in times.items():
        cuts = statistics.quantiles(taken, n=20)
        if "--json" not in sys.argv:
            print(
                f"{name} {kind}: p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms, {len(taken)} requests"
            )
        found.append(figure(f"{name}, {kind}, p95", cuts[18], "ms", BUDGET_MS, scale=scale))
    return found


def main() -> None:
    """Measure on SQLite, and on PostgreSQL where it is."""
    calibration = calibrate()
    scale = max(1.0, calibration / CALIBRATED_MS)
    figures = measure("SQLite", "", scale)
    try:
        from tests.guard.stores.postgres import cluster

        with cluster() as made:
            made.sql("CREATE DATABASE bench")
            # The driver of watch, and asyncpg for the accounts.
            figures += measure("PostgreSQL", made.url("psycopg", "bench"), scale)
    except BaseException as error:
        if type(error).__name__ != "Skipped":
            raise
        print(f"PostgreSQL: {error}", file=sys.stderr)
    report(figures, calibration)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        at = sys.argv.index("--serve")
        serve(sys.argv[at + 1], sys.argv[at + 2])
    else:
        os.environ.setdefault("PYTHONUNBUFFERED", "1")
        main()

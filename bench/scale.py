"""Watch with 10,000 targets and 1,000,000 findings: what each operation costs, and what 50 workers come to with that.

    scripts/bench scale [--json] [--sqlite | --postgresql] [--targets N] [--engine N]

The first part is run: tables of that size on SQLite and on a PostgreSQL of its own, operations through the code of watch. The
second is a simulation of a day from these costs. docs/scale.md says what follows.
"""

from __future__ import annotations

import argparse
import heapq
import json
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _table import calibrate
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent.parent))

from buckler.watch import ingest
from buckler.watch.alerts import deliver
from buckler.watch.alerts.channels import Reach
from buckler.watch.alerts.deliver import Delivering
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts, findings, migrations, scans, workers
from buckler.watch.db.database import Database
from buckler.watch.db.figures import figures
from buckler.watch.db.findings import Wanted
from buckler.watch.db.metadata import new_id
from buckler.watch.engine import DurableEngine
from buckler.watch.interface import SYSTEM, Caller, Step
from buckler.watch.reports import document, own
from tests.guard.stores.postgres import cluster
from tests.notify.servers import receiver
from tests.watch.made import finding, report, target
from tests.watch.test_killed import SECRET

EACH = 100
"""Findings of a target."""
OWNERS = 200
ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes.

    Attributes:
        name: Of it.
        median: Milliseconds.
        p95: Milliseconds.
    """

    name: str
    median: float
    p95: float


def measured(name: str, work: Callable[[int], Any], rounds: int = ROUNDS) -> Cost:
    """The wall time of some rounds; the first one is not counted."""
    times = []
    for number in range(rounds + 1):
        begun = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - begun) * 1000)
    times = sorted(times[1:])
    return Cost(name, statistics.median(times), times[int(len(times) * 0.95)])


def fill(database: Database, targets: int) -> float:
    """Tables of that size, made by the database itself; seconds."""
    begun = time.perf_counter()
    sqlite = database.is_sqlite
    series = (
        "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {}) SELECT {} FROM s"
        if sqlite
        else "SELECT {1} FROM generate_series(0, {0} - 1) AS s(n)"
    )

    def padded(prefix: str, number: str) -> str:
        form = f"printf('%031d', {number})" if sqlite else f"lpad(({number})::text, 31, '0')"
        return f"'{prefix}' || {form}"

    whole = "s.n / {0}" if sqlite else "(s.n / {0})::int"
    columns = (
        "id, name, kind, location, branch, owner, trusted, schedule, zone, next_at, rules, sla, created_at,"
        " version, grade, score, reported_at, seen_until"
    )
    values = (
        f"{padded('a', 's.n')}, 'target ' || s.n, 'git', 'https://git.example/' || s.n, 'main', 'owner' || (s.n % {OWNERS}),"
        " false, '@daily', 'UTC', 4e9, '{}', '{}', 1e9, 1, 'B', 80, 1e9, 1e9"
    )
    with database.write() as connection:
        made = series.format(targets, values.replace("{}", "{{}}")).replace("{{}}", "{}")
        connection.execute(text(f"INSERT INTO watch_targets ({columns}) {made}"))
        rank = "CASE WHEN s.n % 50 = 0 THEN 0 WHEN s.n % 10 = 0 THEN 1 WHEN s.n % 3 = 0 THEN 2 ELSE 3 END"
        severity = rank.replace("THEN 0", "THEN 'critical'").replace("THEN 1", "THEN 'high'")
        severity = severity.replace("THEN 2", "THEN 'medium'").replace("ELSE 3", "ELSE 'low'")
        state = (
            "CASE WHEN s.n % 4 = 0 THEN 'open' WHEN s.n % 37 = 0 THEN 'accepted' ELSE 'fixed' END"
        )
        columns = (
            "id, target_id, fingerprint, rule, title, severity, rank, confidence, message, path, line, subject,"
            " detail, digest, engines, tool, state, by_code, first_at, last_at, opened_at, due_at, told, assignee,"
            " accepted_by, reason, version"
        )
        values = (
            f"{padded('b', 's.n')}, {padded('a', whole.format(EACH))}, {padded('f', 's.n')}, 'INJ001', 'SQL injection',"
            f" {severity}, {rank}, 'suspected', 'Input reaches a statement.', 'main.py', 1, '', '{{\"proof\":[]}}',"
            f" 'x', '[\"source\"]', '', {state}, false, 1e9, 1e9, 1e9, 4e9, '', '', '', '', 1"
        )
        made = series.replace("{0}", str(targets * EACH)).replace("{1}", "{}")
        made = made.replace("{}", str(targets * EACH), 1) if sqlite else made
        connection.execute(
            text(
                f"INSERT INTO watch_findings ({columns}) {made.replace('{}', values)}".replace(
                    ":", "\\:"
                )
            )
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return time.perf_counter() - begun


def costs(database: Database, folder: Path) -> Iterator[Cost]:
    """What the operations take at that size."""
    owner, wanted = Caller("owner7"), Wanted(states=("open", "regressed"))

    def read(work: Callable[[Any], Any]) -> Callable[[int], Any]:
        def done(_: int) -> None:
            with database.read() as connection:
                work(connection)

        return done

    yield measured("list, all targets", read(lambda c: findings.listed(c, SYSTEM, wanted)))
    yield measured("list, one owner's 50", read(lambda c: findings.listed(c, owner, wanted)))
    yield measured("figures", read(lambda c: figures(c, 1e9)), 5)
    shop = target(database, name="measured", branch="main")
    reports = [
        report(*(finding(n) for n in range(EACH))),
        report(*(finding(n) for n in range(10, EACH + 10))),
    ]
    bodies = [json.dumps(one).encode() for one in reports]
    reads = [own.read(document.load(body)) for body in bodies]

    def push(index: int) -> None:
        ingest.push(database, SYSTEM, shop, reads[index], bodies[index], time.time())

    push(0)
    yield measured("ingest, 100 findings, none changed", lambda _: push(0))
    push(1)
    yield measured("ingest, 100 findings, 20 changed", lambda n: push(n % 2))

    def scan(_: int) -> None:
        with database.write() as connection:
            scan_id, _joined = scans.request(connection, SYSTEM, shop, time.time())
        with database.write() as connection:
            scans.handed(connection, scan_id, time.time())
        with database.write() as connection:
            attempt = scans.begin(connection, scan_id, "w", time.time())
        with database.write() as connection:
            scans.end(connection, scan_id, attempt or 0, "done", {"ended_at": time.time()})

    yield measured("a scan's own writes (ask, hand over, begin, end)", scan)

    def beat(_: int) -> None:
        with database.write() as connection:
            workers.beat(connection, "w", "host", 1, time.time())

    yield measured("a heartbeat", beat)
    yield deliveries(database, shop, folder)


def deliveries(database: Database, shop: str, folder: Path) -> Cost:
    """One alert from the outbox to a receiver on loopback."""
    secrets = Secrets(b"k" * 40)
    with receiver() as hook:
        made = new_id()
        values = {"id": made, "name": "hook", "kind": "webhook", "options": {}, "filters": {}}
        sealed = secrets.seal({"url": hook.url, "secrets": SECRET}, made)
        with database.write() as connection:
            alerts.add_channel(
                connection, SYSTEM, {**values, "sealed": sealed, "quiet": None, "digest": 0.0}
            )
        parts = Delivering(database=database, secrets=secrets, worker="w", reach=Reach(inside=True))
        while deliver.route(parts, time.time()):
            continue
        while deliver.deliver(parts, time.time()):
            continue

        def one(number: int) -> None:
            row = {
                "key": f"k{number}",
                "kind": "new",
                "target_id": shop,
                "at": time.time(),
                "title": "t",
            }
            with database.write() as connection:
                alerts.add(connection, [row])
            deliver.route(parts, time.time())
            deliver.deliver(parts, time.time())

        return measured("an alert, from the change to the receiver", one)


def engine(database: Database, file: Path, amount: int) -> tuple[float, float]:
    """Milliseconds to queue a scan, and scans that the engine begins in a second where they take no time at all."""
    made = DurableEngine(database, file, at_once=20)
    done = threading.Semaphore(0)

    def run(_: str, step: Step) -> str:
        found = step("scan", lambda: "done")
        done.release()
        return found

    made.runs(run)
    made.start()
    try:
        begun = time.perf_counter()
        for number in range(amount):
            made.enqueue(new_id(), f"target{number}")
        queued = time.perf_counter() - begun
        left = time.perf_counter()
        ended = 0
        while ended < amount and time.perf_counter() - left < 60:
            ended += done.acquire(timeout=1)
        taken = time.perf_counter() - begun
    finally:
        made.stop()
    return queued / amount * 1000, ended / taken


@dataclass(frozen=True, slots=True)
class Day:
    """What a day of scans comes to.

    Attributes:
        hours: From the first scan to the end of the last.
        wait: Minutes that a scan waited, of nineteen in twenty at most.
        slots: Share of the time that the workers' places were taken.
        database: The same of the one who writes.
        engine: The same of what begins scans.
    """

    hours: float
    wait: float
    slots: float
    database: float
    engine: float


def simulate(
    targets: int, places: int, seconds: float, write: float, begin: float, *, spread: float
) -> Day:
    """A day: every target is scanned once.

    Args:
        targets: Number of them.
        places: Scans at once, of all workers together.
        seconds: That a scan takes, in the middle; half as long to four times as long (log-normal).
        write: Seconds that storing one takes the database, one after the other.
        begin: Seconds between two scans that the engine begins.
        spread: Hours over which the schedules are spread; 0 for all at one moment.
    """
    chance = random.Random(8)
    asked = sorted(chance.uniform(0, spread * 3600) for _ in range(targets))
    free, running = [0.0] * places, list[float]()
    writer = starter = busy = 0.0
    waits = []

    def stored() -> None:
        """The next one that ends: it is written after those before it, and its place is free."""
        nonlocal writer
        writer = max(writer, heapq.heappop(running)) + write
        heapq.heappush(free, writer)

    for at in asked:
        while running and (running[0] <= at or not free):
            stored()
        starter = max(starter, at, heapq.heappop(free)) + begin
        took = seconds * chance.lognormvariate(0, 0.6)
        heapq.heappush(running, starter + took)
        waits.append(starter - at)
        busy += took + write
    while running:
        stored()
    ends = writer
    whole = max(ends, 1e-9)
    return Day(
        hours=ends / 3600,
        wait=sorted(waits)[int(len(waits) * 0.95)] / 60,
        slots=busy / (whole * places),
        database=targets * write / whole,
        engine=targets * begin / whole,
    )


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Database]:
    """An empty one."""
    with cluster() if kind == "postgresql" else nullcontext() as server:
        url = server.url("psycopg") if server else f"sqlite:///{folder / 'watch.db'}"
        database = Database(url)
        migrations.upgrade(database)
        yield database
        database.close()


def main() -> None:
    """Measure, simulate, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--engine", type=int, default=400)
    parser.add_argument("--scan-seconds", type=float, default=20.0)
    for name in ("--json", "--sqlite", "--postgresql"):
        parser.add_argument(name, action="store_true")
    given = parser.parse_args()
    kinds = [k for k in ("sqlite", "postgresql") if getattr(given, k)] or ["sqlite", "postgresql"]
    whole: dict[str, Any] = {
        "calibration_ms": round(calibrate(), 1),
        "machine": platform.platform(),
    }
    for kind in kinds:
        with tempfile.TemporaryDirectory() as name, databases(kind, Path(name)) as database:
            folder = Path(name)
            filled = fill(database, given.targets)
            found = list(costs(database, folder))
            queued, begun = engine(database, folder / "engine.db", given.engine)
        by_name = {cost.name: cost for cost in found}
        write = sum(by_name[n].median for n in list(by_name)[4:6]) / 1000
        days = {
            f"{label}, {places} at once": simulate(
                given.targets, places, given.scan_seconds, write, 1 / begun, spread=spread
            )
            for label, spread in (("all at one moment", 0.0), ("spread over 8 hours", 8.0))
            for places in (50, 100, 400)
        }
        whole[kind] = {
            "findings": given.targets * EACH,
            "fill_s": round(filled, 1),
            "costs_ms": [asdict(cost) for cost in found],
            "enqueue_ms": round(queued, 2),
            "begun_per_s": round(begun, 1),
            "days": {label: asdict(day) for label, day in days.items()},
        }
    if given.json:
        print(json.dumps(whole))
        return
    print(f"{whole['machine']}, calibration {whole['calibration_ms']} ms")
    for kind in kinds:
        shown(kind, whole[kind])


def shown(kind: str, made: dict[str, Any]) -> None:
    """For people."""
    print(f"\n{kind}: {made['findings']:,} findings, filled in {made['fill_s']} s")
    for cost in made["costs_ms"]:
        print(f"  {cost['name']:<50} {cost['median']:>9.2f} ms   p95 {cost['p95']:>9.2f} ms")
    print(f"  {'a scan is queued in the engine':<50} {made['enqueue_ms']:>9.2f} ms")
    print(f"  {'scans that the engine begins':<50} {made['begun_per_s']:>9.1f} a second")
    for label, day in made["days"].items():
        print(
            f"  {label:<34} {day['hours']:6.1f} h, wait p95 {day['wait']:6.0f} min, places {day['slots']:4.0%},"
            f" writes {day['database']:4.0%}, engine {day['engine']:4.0%}"
        )


if __name__ == "__main__":
    main()

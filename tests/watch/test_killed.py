"""Killed by -9 at any point: every scan ends, every finding is there once, every alert arrives and is one.

Points are drawn at random, and two are always hit: before and after a message. With BUCKLER_EVERYTHING=1 there are fifty
random ones, and then every one by its name: before and after each durable write and each message. The run prints how many
distinct ones were hit.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts, findings, migrations, scans
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.interface import SYSTEM
from buckler.watch.place import Place
from tests.notify.servers import receiver
from tests.watch.made import target

EVERYTHING = bool(os.environ.get("BUCKLER_EVERYTHING"))
ROUNDS = 50 if EVERYTHING else 2
MOST_POINTS = 52
TRIES = 3
"""Rounds for each name: not every point is passed in every round."""
SENDS = ["before a message in deliver._sent", "after a message in deliver._sent"]
SECRET = "whsec_" + "A" * 43 + "="
WEAK = """import sqlite3
from fastapi import FastAPI

app = FastAPI()


@app.get("/items")
def items(q: str):
    return sqlite3.connect("a.db").execute("select * from t where name = '" + q + "'").fetchall()
"""
SAFE = WEAK.replace('\'" + q + "\'"', '?", (q,)').replace(
    'execute("select * from t where name = ?", (q,))', 'execute("select 1")'
)


def test_killed_at_random_points(tmp_path: Path) -> None:
    project, data, points = tmp_path / "project", tmp_path / "data", tmp_path / "points"
    names = tmp_path / "names"
    project.mkdir()
    (project / "main.py").write_text(WEAK)
    place = Place.at(data)
    database = Database(place.database)
    migrations.upgrade(database)
    shop = target(database, kind="folder", location=str(project), branch="")
    chance = random.Random(int(os.environ.get("BUCKLER_SEED", "8")))
    with receiver() as hook:
        channel(database, place, hook.url)
        kills = [str(chance.randrange(1, MOST_POINTS)) for _ in range(ROUNDS)] + SENDS
        number = 0
        while number < len(kills):
            (project / "main.py").write_text(SAFE if number % 2 else WEAK)
            ask(database, shop)
            database.close()
            run(data, kills[number], points, names)
            number += 1
            if EVERYTHING and number == len(kills):
                left = sorted(set(names.read_text().splitlines()) - set(lines(points)))
                kills += [name for name in left if kills.count(name) < TRIES]
            database = Database(place.database)
        for code in (WEAK, SAFE):
            (project / "main.py").write_text(code)
            ask(database, shop)
            database.close()
            run(data, "0", points, names)
            database = Database(place.database)
        got = Counter(request.headers["webhook-id"] for request in hook.seen)
    hit = lines(points)
    print(f"{len(hit)} kills at {len(set(hit))} distinct points:")
    for point, times in sorted(Counter(hit).items()):
        print(f"  {times} {point}")
    assert set(SENDS) <= set(hit)
    if EVERYTHING:
        passed = set(names.read_text().splitlines())
        print(f"{len(passed)} points have names; not hit: {sorted(passed - set(hit))}")
    check(database, shop, set(got))
    database.close()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def channel(database: Database, place: Place, url: str) -> None:
    made = new_id()
    sealed = Secrets(place.key()).seal({"url": url, "secrets": SECRET}, made)
    values = {"id": made, "name": "hook", "kind": "webhook", "options": {}, "sealed": sealed}
    with database.write() as connection:
        alerts.add_channel(
            connection, SYSTEM, {**values, "filters": {}, "quiet": None, "digest": 0.0}
        )


def ask(database: Database, target_id: str) -> None:
    with database.write() as connection:
        scans.request(connection, SYSTEM, target_id, time.time())


def run(data: Path, kill_at: str, points: Path, names: Path) -> None:
    program = Path(__file__).with_name("killed.py")
    command = [sys.executable, str(program), str(data), kill_at, str(points), str(names)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == (0 if kill_at == "0" else done.returncode), done.stderr
    assert done.returncode in (0, -9), done.stderr
    print(done.stdout, end="")


def check(database: Database, target_id: str, got: set[str]) -> None:
    with database.read() as connection:
        all_scans = connection.execute(select(scans.SCANS)).all()
        assert {row.state for row in all_scans} == {"done"}, [(r.state, r.why) for r in all_scans]
        rows = findings.of_target(connection, target_id)
        assert len(rows) == len({row.fingerprint for row in rows})
        history = connection.execute(select(findings.HISTORY)).all()
        once = Counter((entry.finding_id, entry.scan_id) for entry in history)
        assert set(once.values()) == {1}
        for row in rows:
            steps = sorted((e.at, e.before, e.after) for e in history if e.finding_id == row.id)
            assert [s[1] for s in steps] == ["", *(s[2] for s in steps[:-1])]
            assert steps[-1][2] == row.state
        told = connection.execute(select(alerts.ALERTS)).all()
        wanted = sum(e.after in ("fixed", "regressed") for e in history)
        assert sum(a.kind in ("fixed", "regressed") for a in told) == wanted
        sent = connection.execute(select(alerts.DELIVERIES)).all()
        assert {row.state for row in sent} == {"sent"}
        assert len(sent) == len(told)
        assert {row.batch for row in sent} == got
        amount = connection.execute(select(func.count()).select_from(scans.REPORTS)).scalar_one()
        assert amount == len(all_scans)

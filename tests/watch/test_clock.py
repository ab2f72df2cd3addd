"""What time brings: schedules, ends of acceptances, warnings, new advisories, workers that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from buckler.core.settings import load
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.engines.packages.advisories.archive import records
from buckler.scan.engines.packages.advisories.build import build, gather
from buckler.scan.formats.json import document as written
from buckler.scan.scanner import Scanner, load_rules
from buckler.watch import decisions
from buckler.watch.db import alerts, findings, scans, targets, workers
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.decisions import Decision
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.workflows import advisories, clock
from buckler.watch.workflows.clock import Reaper
from tests.scan.packages.osv import archive, record
from tests.watch.made import finding, push, report, target

DAY = 86_400.0


def told(database: Database, *but: str) -> list[str]:
    with database.read() as connection:
        rows = connection.execute(
            select(alerts.ALERTS.c.kind).order_by(alerts.ALERTS.c.at)
        ).scalars()
        return [kind for kind in rows if kind not in ("first_report", *but)]


def only(database: Database) -> Any:
    with database.read() as connection:
        (row,) = findings.listed(connection, SYSTEM, Wanted())
    return row


def test_a_schedule_asks_once_for_all_that_was_missed(database: Database) -> None:
    target(database, kind="folder", location="/x", schedule="0 3 * * *", next_at=DAY * 3)
    assert clock.schedules(database, DAY * 3 - 1) == 0
    assert clock.schedules(database, DAY * 10) == 1
    assert clock.schedules(database, DAY * 10) == 0
    with database.read() as connection:
        assert len(scans.listed(connection, SYSTEM)) == 1


def test_an_acceptance_of_a_target_that_was_removed_ends_in_silence(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(finding(1)), 2000.0)
    given = Decision(what="accept", reason="behind the firewall", until=3000.0)
    who = Caller("ann", everything=True)
    with database.write() as connection:
        decisions.decide(connection, who, only(database).id, 1, given, 2100.0)
        version = targets.get(connection, who, shop).version
        targets.change(connection, who, shop, version, {"removed_at": 2200.0})
    assert clock.acceptances(database, 4000.0) == 0
    assert told(database) == []


def test_an_acceptance_ends_by_itself_and_is_told(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(finding(1)), 2000.0)
    until = 2000.0 + 30 * DAY
    given = Decision(what="accept", reason="behind the firewall", until=until)
    with database.write() as connection:
        decisions.decide(
            connection, Caller("ann", everything=True), only(database).id, 1, given, 2100.0
        )
    push(database, shop, report(finding(1)), 3000.0)
    assert (only(database).state, only(database).accepted_by) == ("accepted", "ann")
    assert clock.acceptances(database, until - 1) == 0
    assert clock.acceptances(database, until) == 1
    assert clock.acceptances(database, until) == 0
    assert only(database).state == "open"
    assert only(database).due_at == until + 14 * DAY
    assert told(database) == ["acceptance_expired"]
    with database.read() as connection:
        history = findings.history(connection, SYSTEM, only(database).id)
    assert [(h.who, h.after) for h in history] == [
        ("watch", "open"),
        ("ann", "accepted"),
        ("watch", "open"),
    ]


@pytest.mark.parametrize(
    ("severity", "own", "days"),
    [
        ("critical", {}, 2),
        ("high", {}, 14),
        ("medium", {}, 60),
        ("low", {}, 180),
        ("high", {"high": 5}, 5),
    ],
)
def test_a_warning_and_an_alarm_once_each(
    database: Database, severity: str, own: dict[str, float], days: float
) -> None:
    shop = target(database, sla=own)
    push(database, shop, report(finding(1, severity=severity)), 0.0)
    near, due = 0.8 * days * DAY, days * DAY
    counted = [clock.late(database, at) for at in (near - 60, near + 60, near + 90, due - 1)]
    assert counted == [0, 1, 0, 0]
    assert [clock.late(database, at) for at in (due, due + 1, due + 100 * DAY)] == [1, 0, 0]
    assert told(database) == ["sla_near", "sla_broken"]


def test_what_nobody_asks_for_is_never_late(database: Database) -> None:
    shop = target(database, sla={"high": None})
    push(database, shop, report(finding(1), finding(2, severity="info")), 0.0)
    assert clock.late(database, 9000 * DAY) == 0


def index(path: Path, *found: dict[str, Any], date: str) -> Path:
    for one in found:
        one["modified"] = date
    made = archive(path.with_suffix(".zip"), *found)
    build(gather(records(made)), path, "test", date)
    return path


def real_report(folder: Path, index_path: Path) -> dict[str, Any]:
    """A report of the real scanner, packages alone."""
    settings = replace(load(folder), engines=("packages",))
    found = discover(str(folder), settings)
    rules = load_rules(settings, folder)
    return written(Scanner(found, settings, Options(), rules, index=index_path).scan())


def test_a_new_advisory_is_matched_without_a_scan(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "requirements.txt").write_text("shop-labels==1.4.1\nshop-paper==2.0\n")
    place = tmp_path / "index.sqlite"
    other = record("SHOP-1", "shop-paper", events=[{"introduced": "0"}])
    new = record("SHOP-2", "shop-labels")
    shop = target(database)
    index(place, other, date="2026-11-01T00:00:00Z")
    made = real_report(folder, place)
    made["provisional"] = False  # how old they are by the day of this test is not what it is about
    push(database, shop, made, 2000.0)
    assert advisories.rematch(database, place, 2100.0) == 0

    index(place, other, new, date="2026-11-02T00:00:00Z")
    assert advisories.rematch(database, place, 3000.0) == 1
    assert advisories.rematch(database, place, 3001.0) == 0
    assert told(database) == ["advisory_published"]
    with database.read() as connection:
        # What the scan knew of the one that was there is more than a match knows, and stays.
        versions = {r.subject: r.version for r in findings.of_target(connection, shop)}
    assert versions["shop-paper SHOP-1"] == versions["shop-labels SHOP-2"] == 1
    later = real_report(folder, place)
    later["provisional"] = False
    with database.read() as connection:
        rows = {r.fingerprint: r.state for r in findings.of_target(connection, shop)}
    by_scan = {f["fingerprint"] for f in later["findings"] if f["id"] == "PKG004"}
    assert {key for key in rows if rows[key] == "open"} >= by_scan
    assert push(database, shop, later, 4000.0).changes == {}

    index(place, new, date="2026-11-03T00:00:00Z")
    assert advisories.rematch(database, place, 5000.0) == 1
    assert told(database) == ["advisory_published", "fixed"]
    # A worker with an older index has its say on everything but what advisories say.
    assert push(database, shop, later, 6000.0).changes == {}
    assert advisories.rematch(database, place, 7000.0) == 1
    assert told(database) == ["advisory_published", "fixed"]


class Fake:
    """Stands in the place of the engine where only who is asked for what matters."""

    worker = "me"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.pending: set[str] = set()

    def start(self) -> None:
        """Nothing is run."""

    def enqueue(self, scan_id: str, target_id: str) -> None:
        """Nothing is run."""

    def take_over(self, workers: Sequence[str]) -> int:
        self.taken += workers
        self.pending -= set(workers)
        return len(workers)

    def owners(self) -> frozenset[str]:
        return frozenset(self.pending)

    def forget(self, before: float) -> None:
        self.forgotten = before

    def stop(self) -> None:
        """Nothing is run."""


def test_a_heart_that_stops_is_heard_within_seconds_and_a_clock_that_jumps_is_not(
    database: Database,
) -> None:
    at = [0.0]
    engine = Fake()
    reaper = Reaper(database, engine, lambda: at[0])

    def beat(worker: str, wall: float) -> None:
        with database.write() as connection:
            workers.beat(connection, worker, "host", 1, wall)

    for second in range(20):
        at[0] = float(second)
        beat("me", second)
        if second < 10:
            beat("other", second * (-1) ** second * 1e8)
        gone = reaper.reap()
        assert bool(gone) == (second == 15), second
    assert engine.taken == ["other"]


def test_who_works_without_a_heart_is_found_too(database: Database) -> None:
    at = [0.0]
    engine = Fake()
    engine.pending = {"stranger", "me"}
    reaper = Reaper(database, engine, lambda: at[0])
    with database.write() as connection:
        workers.beat(connection, "me", "host", 1, 0.0)
    for second in range(40):
        at[0] = float(second)
        reaper.reap()
    assert engine.taken == ["stranger"]


def test_old_reports_go_and_the_last_one_stays(database: Database) -> None:
    shop, other = target(database), target(database)
    for now in (1000.0, 2000.0, 3000.0):
        push(database, shop, report(finding(1)), now)
    push(database, other, report(), 1000.0)
    engine = Fake()
    assert clock.retention(database, engine, 2500.0) == 2
    assert engine.forgotten == 2500.0
    with database.read() as connection:
        kept = connection.execute(select(scans.REPORTS.c.scan_id)).scalars().all()
        ended = {s.id: s.ended_at for s in scans.listed(connection, SYSTEM)}
    assert sorted(ended[one] for one in kept) == [1000.0, 3000.0]
    assert len(ended) == 4

"""Reports taken in: once, in time, by the attempt that has the scan, and nothing told twice."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from buckler.watch.db import alerts, findings, scans
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.errors import MissingError, SupersededError
from buckler.watch.ingest import ingest
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.reports import document, own
from tests.watch.made import finding, push, report, target


def states(database: Database, target_id: str) -> dict[str, str]:
    with database.read() as connection:
        rows = findings.of_target(connection, target_id)
    return {row.fingerprint: row.state for row in rows}


def told(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return sorted((a.kind, a.title) for a in alerts.listed(connection, SYSTEM))


def number(database: Database, table: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_report_is_taken_in_and_the_next_one_tells_what_changed(database: Database) -> None:
    shop = target(database)
    first = push(database, shop, report(finding(1), finding(2)), 2000.0)
    assert first.changes == {"new": 2}
    assert [kind for kind, _ in told(database)] == ["first_report"]
    second = push(database, shop, report(finding(2), finding(3), grade="C"), 3000.0)
    assert second.changes == {"new": 1, "fixed": 1}
    assert [kind for kind, _ in told(database)] == ["first_report", "fixed", "grade_dropped", "new"]
    third = push(database, shop, report(finding(1), finding(2), finding(3)), 4000.0)
    assert third.changes == {"regressed": 1}
    assert states(database, shop) == {
        f"{1:016x}": "regressed",
        f"{2:016x}": "open",
        f"{3:016x}": "open",
    }


def test_the_same_report_ten_times_adds_nothing(database: Database) -> None:
    shop = target(database)
    made = report(finding(1), finding(2))
    push(database, shop, made, 2000.0)
    before = [number(database, t) for t in (findings.FINDINGS, findings.HISTORY, alerts.ALERTS)]
    for again in range(10):
        assert push(database, shop, made, 3000.0 + again).changes == {}
    after = [number(database, t) for t in (findings.FINDINGS, findings.HISTORY, alerts.ALERTS)]
    assert after == before == [2, 2, 1]


def test_the_same_scan_taken_in_twice_is_once(database: Database) -> None:
    shop = target(database)
    body = json.dumps(report(finding(1))).encode()
    with database.write() as connection:
        scan_id, joined = scans.request(connection, SYSTEM, shop, 1500.0)
        assert not joined
        attempt = scans.begin(connection, scan_id, "one", 1600.0)
    assert attempt == 1
    read = own.read(document.load(body))
    assert ingest(database, scan_id, 1, read, body, 2000.0).changes == {"new": 1}
    assert ingest(database, scan_id, 1, read, body, 2001.0).again
    assert number(database, findings.HISTORY) == 1


def test_a_worker_that_was_taken_over_stores_nothing(database: Database) -> None:
    shop = target(database)
    with database.write() as connection:
        scan_id, _ = scans.request(connection, SYSTEM, shop, 1500.0)
        frozen = scans.begin(connection, scan_id, "frozen", 1600.0)
        successor = scans.begin(connection, scan_id, "successor", 1700.0)
    assert (frozen, successor) == (1, 2)
    body = json.dumps(report(finding(1))).encode()
    read = own.read(document.load(body))
    with pytest.raises(SupersededError):
        ingest(database, scan_id, 1, read, body, 2000.0)
    assert states(database, shop) == {}
    ingest(database, scan_id, 2, read, body, 2000.0)
    with pytest.raises(SupersededError):
        ingest(database, scan_id, 1, read, body, 2100.0)
    assert number(database, findings.HISTORY) == 1


def test_a_report_that_breaks_off_in_the_middle_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = target(database)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(alerts, "add", full)
    with pytest.raises(OSError, match="no space"):
        push(database, shop, report(finding(1)), 2000.0)
    monkeypatch.undo()
    assert states(database, shop) == {}
    assert number(database, findings.HISTORY) == 0
    assert push(database, shop, report(finding(1)), 3000.0).changes == {"new": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"provisional": True},
        {"failed": "it did not start"},
        {"rules_run": ["INJ002"]},
        {"broken": ["INJ001"]},
        {"target": {"name": "shop", "engines": ["packages"]}},
        {"coverage": {"gaps": [{"what": "main.py", "why": "cannot be parsed"}]}},
        {"coverage": {"gaps": [{"what": "main.py:7", "why": "cannot be parsed"}]}},
    ],
)
def test_a_scan_that_did_not_look_closes_nothing(
    database: Database, changes: dict[str, Any]
) -> None:
    shop = target(database)
    push(database, shop, report(finding(1)), 2000.0)
    assert push(database, shop, report(**changes), 3000.0).changes == {}
    assert states(database, shop) == {f"{1:016x}": "open"}
    assert push(database, shop, report(), 4000.0).changes == {"fixed": 1}


def test_another_branch_changes_no_finding_and_is_kept(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(finding(1)), 2000.0)
    taken = push(database, shop, report(finding(2)), 3000.0, branch="feature")
    assert taken.note.startswith("of the branch feature")
    assert states(database, shop) == {f"{1:016x}": "open"}
    with database.read() as connection:
        latest = scans.listed(connection, SYSTEM, shop)[0]
        kept = json.loads(scans.report(connection, SYSTEM, latest.id))
    assert [f["fingerprint"] for f in kept["findings"]] == [f"{2:016x}"]


def test_a_report_that_was_begun_earlier_changes_nothing(database: Database) -> None:
    shop = target(database)
    with database.write() as connection:
        slow, _ = scans.request(connection, SYSTEM, shop, 1500.0)
        scans.begin(connection, slow, "one", 1600.0)
    push(database, shop, report(finding(1)), 2000.0)
    body = json.dumps(report()).encode()
    taken = ingest(database, slow, 1, own.read(document.load(body)), body, 2500.0)
    assert "begun later" in taken.note
    assert states(database, shop) == {f"{1:016x}": "open"}


def test_what_the_code_sets_apart_is_no_alarm_until_it_does_so_no_more(database: Database) -> None:
    shop = target(database)
    apart = {**finding(1), "suppression": {"kind": "inline", "reason": "checked by hand"}}
    push(database, shop, report(suppressed=[apart]), 2000.0)
    assert states(database, shop) == {f"{1:016x}": "false_alarm"}
    push(database, shop, report(finding(1)), 3000.0)
    assert states(database, shop) == {f"{1:016x}": "open"}
    assert [kind for kind, _ in told(database)] == ["first_report", "regressed"]


def test_texts_that_databases_do_not_take_are_kept_as_far_as_they_can_be(
    database: Database,
) -> None:
    shop = target(database)
    strange = finding(1, message="a\0b\ud800c", title="<script>", subject="\u202eevil")
    push(database, shop, report(strange), 2000.0)
    with database.read() as connection:
        (row,) = findings.listed(connection, SYSTEM, Wanted(target_id=shop))
    assert row.message == "a\ufffdb\ufffdc"
    assert row.title == "<script>"


def test_nobody_reaches_what_is_somebody_elses(database: Database) -> None:
    ann, bob = Caller("ann"), Caller("bob")
    shop = target(database, ann)
    push(database, shop, report(finding(1)), 2000.0)
    with database.read() as connection:
        (row,) = findings.listed(connection, ann, Wanted())
        (scan,) = scans.listed(connection, ann)
        assert findings.listed(connection, bob, Wanted()) == []
        assert scans.listed(connection, bob) == []
        assert alerts.listed(connection, bob) == []
        for ask in (
            lambda: findings.get(connection, bob, row.id),
            lambda: findings.history(connection, bob, row.id),
            lambda: scans.get(connection, bob, scan.id),
            lambda: scans.report(connection, bob, scan.id),
        ):
            with pytest.raises(MissingError):
                ask()
    with database.write() as connection, pytest.raises(MissingError):
        scans.request(connection, bob, shop, 3000.0)


def test_a_second_request_joins_the_one_that_waits(database: Database) -> None:
    shop = target(database)
    with database.write() as connection:
        first = scans.request(connection, SYSTEM, shop, 1500.0)
        second = scans.request(connection, SYSTEM, shop, 1501.0)
        scans.begin(connection, first[0], "one", 1600.0)
        third = scans.request(connection, SYSTEM, shop, 1601.0)
    assert second == (first[0], True)
    assert third[0] != first[0]
    assert third[1] is False


def test_five_thousand_findings(database: Database) -> None:
    """Stored in one transaction; how long that takes is only shown."""
    shop = target(database)
    made = report(*(finding(n, message="x" * 500) for n in range(5000)))
    began = time.perf_counter()
    push(database, shop, made, 2000.0)
    print(f"5,000 findings in {time.perf_counter() - began:.2f} s")
    assert number(database, findings.FINDINGS) == 5000

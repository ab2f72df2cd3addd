"""Counts that are kept, the trend, the tail of the log, and how values are written."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.watch.app import create_app
from buckler.watch.db import migrations, overview
from buckler.watch.db.database import Database
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.options import Options
from buckler.watch.place import Place
from buckler.watch.service import Service
from buckler.watch.web import audit_log, shown
from buckler.watch.web.charts import chart
from buckler.watch.web.figures import Figures, Kept, daily, total
from buckler.watch.web.openid import OpenId
from tests.watch import made


def test_what_is_kept_is_worked_out_by_one_while_others_get_what_there_was() -> None:
    kept: Kept[int] = Kept(0.0)
    assert kept.get(lambda: 1) == 1
    time.sleep(0.01)
    begun, go = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go.wait(20)
        return 2

    thread = threading.Thread(target=lambda: kept.get(slow))
    thread.start()
    assert begun.wait(20)
    assert kept.get(lambda: 3) == 1
    go.set()
    thread.join()
    assert kept.get(lambda: 4) in (2, 4)


def test_what_was_begun_before_a_change_is_not_kept() -> None:
    kept: Kept[int] = Kept(60.0)
    begun, go, told = threading.Event(), threading.Event(), list[int]()

    def slow() -> int:
        begun.set()
        assert go.wait(20)
        return 1

    thread = threading.Thread(target=lambda: told.append(kept.get(slow)))
    thread.start()
    assert begun.wait(20)
    kept.forget()
    go.set()
    assert kept.get(lambda: 2) == 2
    thread.join()
    assert told == [1]
    assert kept.get(lambda: 3) == 2


def test_counts_are_those_of_the_findings(database: Database) -> None:
    target = made.target(database)
    findings = [
        made.finding(n, severity=s) for n, s in enumerate(["critical", "high", "high", "low"])
    ]
    made.push(database, target, made.report(*findings), 1000.0)  # long ago: all but info are late
    made.push(database, target, made.report(*findings[:3]), 2000.0)
    standing = Figures().standing(database, [target, "none"])
    assert standing[target].unsolved == {"critical": 1, "high": 2, "medium": 0, "low": 0, "info": 0}
    assert standing[target].states == {"open": 3, "fixed": 1}
    assert standing[target].late == 3
    assert total(standing.values()).open == 3


def test_a_day_without_a_scan_stands_as_the_one_before() -> None:
    rows = [("a", 10, 80.0), ("b", 12, 40.0), ("a", 13, 60.0), ("x", 9, 0.0)]
    days = daily(rows, frozenset({"a", "b"}))
    assert [(at / 86_400, score) for at, score in days] == [(10, 80), (11, 80), (12, 60), (13, 50)]
    assert daily(rows, frozenset()) == []


def test_scores_fall_on_their_days(database: Database) -> None:
    target = made.target(database)
    for at, score in ((100.4, 60), (100.9, 70), (102.0, 50)):
        made.push(database, target, made.report(score=score, grade="D"), at * 86_400)
    with database.read() as connection:
        assert sorted(overview.scores(connection, 0.0)) == [
            (target, 100, 65.0),
            (target, 102, 50.0),
        ]


def test_lists_show_what_the_caller_may_see(database: Database) -> None:
    mine = made.target(database, Caller("ann"), name="b%shop")
    made.target(database, Caller("bob"), name="a")
    with database.read() as connection:
        assert [row.id for row in overview.page(connection, Caller("ann"), 9, None, "")] == [mine]
        assert [r.name for r in overview.page(connection, SYSTEM, 9, None, "")] == ["a", "b%shop"]
        assert [r.id for r in overview.page(connection, SYSTEM, 9, None, "%")] == [mine]
        first = overview.page(connection, SYSTEM, 1, None, "")[0]
        second = overview.page(connection, SYSTEM, 1, (first.name, first.id), "")[0]
        assert second.id == mine
        assert overview.names(connection, Caller("bob"), [mine]) == {}


def test_the_log_is_read_from_its_end(tmp_path: Path) -> None:
    place = Place.at(tmp_path / "data")
    assert audit_log.latest(place) == []
    listener = audit_log.listener(place)
    for number in range(1_500):
        kind = EventKind.SIGN_IN_FAILED if number % 2 else EventKind.RIGHTS_CHANGED
        listener(SecurityEvent(kind=kind, reason=f"r{number}", message="x" * 200))
    listener.close()
    with audit_log.path_of(place).open("a") as stream:
        stream.write('{"half')
    found = audit_log.latest(place)
    assert len(found) == audit_log.MOST
    assert found[0]["reason"] == "r1499"
    assert {one["kind"] for one in audit_log.latest(place, "rights")} == {"rights.changed"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-60, "1 minute ago"),
        (-3600 * 5, "5 hours ago"),
        (86_400 * 2, "in 2 days"),
        (-86_400 * 800, "2 years ago"),
    ],
)
def test_times_are_words(seconds: float, words: str) -> None:
    assert shown.relative(seconds) == words


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert shown.ago(1e300) == "at no time"
    assert shown.ago(None) == "never"
    assert 'title="2001-09-09 01:46:40 UTC"' in shown.ago(1e9)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        " java\tscript:x",
        "//host",
        "/path",
        "https:",
        "http://[",
        "ftp://a",
    ],
)
def test_links_lead_to_the_web_alone(address: str) -> None:
    assert shown.safe_link(address) == ""
    assert shown.safe_link("https://example.com/a?b") == "https://example.com/a?b"


def test_a_chart_has_its_points_in_the_picture_and_in_words() -> None:
    text = chart([(0.0, 0.0), (86_400.0, 100.0)], "Score <b>")
    assert 'points="38.0,140.0 636.0,8.0"' in text
    assert "Score &lt;b&gt;: 0 on 1970-01-01, 100 on 1970-01-02" in text
    assert chart([(0.0, 1.0)], "x") == ""


def test_a_provider_has_its_button(tmp_path: Path) -> None:
    given = OpenId(
        issuer="https://id.example", client_id="watch", client_secret="s" * 40, title="Example ID"
    )
    service = Service(
        Options(data=tmp_path / "data", base_url="https://watch.example", openid=given)
    )
    migrations.upgrade(service.database)
    with TestClient(create_app(service), base_url="https://watch.example") as client:
        text = client.get("/sign-in?next=/findings").text
        assert 'href="/auth/with/openid?next=%2Ffindings"' in text
        assert "Sign in with Example ID" in text
    service.database.close()

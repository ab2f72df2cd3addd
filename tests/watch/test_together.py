"""Several people, and scans, at one thing at once: one is first, the others are told so, and the history is what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from typing import Any

import pytest

from buckler.watch import decisions, sla
from buckler.watch.db import alerts, findings, migrations
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.db.metadata import new_id
from buckler.watch.decisions import Decision
from buckler.watch.errors import StaleError
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.vex import stated
from buckler.watch.workflows import clock
from tests.guard.stores.postgres import Cluster, cluster
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, push, report, target
from tests.watch.test_vex import advised, openvex

ROUNDS = 50
AT_ONCE = 4


def together(work: Callable[[int], Any]) -> list[Any]:
    """What threads got that began at one moment."""
    gate = threading.Barrier(AT_ONCE)

    def run(number: int) -> Any:
        gate.wait(30)
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def first_of(answers: list[Any]) -> int:
    """Who was first, where everybody else was told so."""
    told = [answer.status_code for answer in answers]
    assert sorted(told) == [200, *[409] * (AT_ONCE - 1)], [a.text for a in answers]
    assert all("present" in a.json() for a in answers if a.status_code == 409)
    return told.index(200)


def test_one_finding(api: Api, ann: str) -> None:
    shop = pushed(api, ann, finding(1))
    (found,) = api.ask(ann, "GET", f"/api/findings?target={shop}").json()["findings"]
    path, won = f"/api/findings/{found['id']}", []
    for number in range(ROUNDS):
        what = ("false_alarm", "reopen")[number % 2]
        given = {"what": what, "version": number + 1}
        answers = together(
            lambda who, n=number, g=given: api.ask(
                ann, "POST", f"{path}/decision", json={**g, "reason": f"round {n}, person {who}"}
            )
        )
        won.append(f"round {number}, person {first_of(answers)}")
    now = api.ask(ann, "GET", path).json()
    assert now["version"] == ROUNDS + 1
    assert [one["reason"] for one in now["history"] if one["who"] != "watch"] == won


@pytest.mark.parametrize("kind", ["target", "channel"])
def test_one_target_and_one_channel(api: Api, ann: str, kind: str) -> None:
    if kind == "target":
        made = api.ask(ann, "POST", "/api/targets", json={"kind": "pushed", "name": "shop"}).json()
    else:
        options = {"url": "https://93.184.216.34/hook"}
        given = {"kind": "slack", "name": "desk", "options": options}
        made = api.ask(ann, "POST", "/api/channels", json=given).json()
    path = f"/api/{kind}s/{made['id']}"
    for number in range(ROUNDS):
        answers = together(
            lambda who, n=number: api.ask(
                ann, "PATCH", path, json={"version": n + 1, "name": f"{n}-{who}"}
            )
        )
        first = first_of(answers)
        assert answers[first].json()["name"] == f"{number}-{first}"
    listed = api.ask(ann, "GET", f"/api/{kind}s").json()
    (now,) = (one for one in listed if one["id"] == made["id"])
    assert (now["version"], now["name"]) == (ROUNDS + 1, f"{ROUNDS - 1}-{first}")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL for this file."""
    with cluster() as made:
        yield made


@pytest.fixture
def shared(server: Cluster) -> Iterator[Database]:
    """An empty database on it, where transactions run beside each other."""
    name = f"w{new_id()[:8]}"
    server.sql(f"CREATE DATABASE {name}")
    made = Database(server.url("psycopg", name))
    migrations.upgrade(made)
    yield made
    made.close()


def accept(database: Database, finding_id: str, version: int) -> int:
    decision = Decision(what="accept", reason="ann takes the risk", until=5000.0)
    with database.write() as connection:
        return decisions.decide(
            connection, Caller("ann", True), finding_id, version, decision, 1500.0
        )


@pytest.mark.parametrize("way", ["changed", "gone", "stated"])
def test_a_decision_while_a_report_is_taken_in_is_not_written_over(
    shared: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Somebody decides between the moment that a transaction reads a finding and that it writes it."""
    shop = target(shared)
    push(shared, shop, report(advised(1)), 1000.0)
    with shared.read() as connection:
        (row,) = findings.listed(connection, SYSTEM, Wanted())
    with ThreadPoolExecutor(1) as pool:
        decided: list[Future[int]] = []
        real = findings.update_all

        def between(connection: Any, rows: Any) -> None:
            if rows and not decided:
                decided.append(pool.submit(accept, shared, row.id, row.version))
                with suppress(NotYet):  # it waits for this transaction, as it should
                    decided[0].result(1.0)
            real(connection, rows)

        monkeypatch.setattr(findings, "update_all", between)
        if way == "changed":
            push(shared, shop, report(advised(1, message="It says something else now.")), 1400.0)
        elif way == "gone":
            push(shared, shop, report(), 1400.0)
        else:
            body = openvex({"vulnerability": {"name": "CVE-2026-0001"}})
            with shared.write() as connection:
                stated.add(connection, SYSTEM, shop, "a.json", body, 1400.0)
        with pytest.raises(StaleError):
            decided[0].result(30)
    with shared.read() as connection:
        now = findings.get(connection, SYSTEM, row.id)
        history = findings.history(connection, SYSTEM, row.id)
    assert now.version == 2
    assert now.state == {"changed": "open", "gone": "fixed", "stated": "false_alarm"}[way]
    assert all(one.after != "accepted" for one in history)


def test_a_report_and_the_clock_do_not_wait_for_each_other(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock holds a finding and tells of its target; a report holds the target and wants the finding."""
    shop = target(shared)
    push(shared, shop, report(finding(1)), 1000.0)
    with ThreadPoolExecutor(1) as pool:
        pushes: list[Future[Any]] = []
        real = alerts.add

        def between(connection: Any, rows: Any) -> int:
            if not pushes:
                late = report(finding(1, message="another"))
                pushes.append(pool.submit(push, shared, shop, late, 1400.0))
                with suppress(NotYet):
                    pushes[0].result(1.0)
            return real(connection, rows)

        monkeypatch.setattr(alerts, "add", between)
        assert clock.late(shared, 1000.0 + 13 * sla.DAY) == 1
        assert pushes[0].result(30).changes == {}
    with shared.read() as connection:
        (row,) = findings.listed(connection, SYSTEM, Wanted())
    assert (row.told, row.message) == ("near", "another")


def test_what_happened_is_one_line_of_steps(shared: Database) -> None:
    """Reports, decisions and comments at once: each step begins where the one before ended."""
    shop = target(shared)
    push(shared, shop, report(*(finding(n) for n in range(20))), 1000.0)
    with shared.read() as connection:
        ids = sorted(row.id for row in findings.listed(connection, SYSTEM, Wanted()))

    def work(who: int) -> int:
        done = 0
        for number in range(20 * ROUNDS):
            if who == 0:
                seen = [finding(n, message=f"round {number}") for n in range(number % 2, 20)]
                push(shared, shop, report(*seen), 2000.0 + number)
                done += 1
            if number >= ROUNDS and done:
                break
            if who == 0:
                continue
            decision = Decision(what=("false_alarm", "reopen")[number % 2], reason="looked at it")
            with shared.write() as connection:
                rows = findings.listed(connection, SYSTEM, Wanted(target_id=shop))
                versions = {row.id: row.version for row in rows}
                refused = decisions.decide_all(
                    connection, Caller(f"p{who}", True), versions, decision, 3000.0 + number
                )
                done += len(versions) - len(refused)
                decisions.comment(connection, Caller(f"p{who}", True), ids[0], "hello", 3000.0)
        return done

    # Whoever is always too late is not when the others have ended.
    assert all(together(work))
    with shared.read() as connection:
        for one in ids:
            now = findings.get(connection, SYSTEM, one)
            steps = [
                (row.before, row.after)
                for row in findings.history(connection, SYSTEM, one)
                if row.what in ("state", "new", "fixed", "regressed")
            ]
            counted = {pair: steps.count(pair) for pair in steps}
            into = sum(n for (_, after), n in counted.items() if after == now.state)
            out = sum(n for (before, _), n in counted.items() if before == now.state)
            assert into == out + 1, (now.state, counted)
            assert now.version > 1

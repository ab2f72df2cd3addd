"""What is written otherwise on PostgreSQL than on SQLite, on a real one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from buckler.guard import EventKind, SecurityEvent
from buckler.watch.alerts import kinds
from buckler.watch.db import alerts, events, migrations, scans
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.events import timeline
from buckler.watch.interface import SYSTEM
from tests.guard.stores.postgres import Cluster, cluster
from tests.watch.made import finding, push, report, target
from tests.watch.test_events import store, told


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL for this file."""
    with cluster() as made:
        yield made


@pytest.fixture
def database(server: Cluster) -> Iterator[Database]:
    """An empty database on it."""
    name = f"w{new_id()[:8]}"
    server.sql(f"CREATE DATABASE {name}")
    made = Database(server.url("psycopg", name))
    migrations.upgrade(made)
    yield made
    made.close()


def test_events(database: Database) -> None:
    now = time.time()
    shop, desk = target(database), target(database)
    push(database, shop, report(finding(1)), now - 5)
    for at, one in ((now, shop), (now + 1, desk), (now + 2, shop)):
        many = [
            SecurityEvent(kind=EventKind.SIGN_IN_FAILED, time=at, principal="bob") for _ in range(6)
        ]
        store(database, one, at, *many)
    assert [a.fields["count"] for a in told(database, "sign_in_failures")] == [12]
    with database.read() as connection:
        line = timeline.entries(connection, SYSTEM, shop)
        rest = timeline.entries(connection, SYSTEM, shop, (line[4]["at"], line[4]["id"]))
    assert [one["type"] for one in line] == ["event"] * 12 + ["finding"]
    assert [one["id"] for one in rest] == [one["id"] for one in line[5:]]
    with database.write() as connection:
        assert events.drop(connection, now + 0.5, 5, now) == 6


def test_a_scan_that_waits_is_joined_and_what_is_known_is_not_new(database: Database) -> None:
    shop = target(database, kind="git")
    with database.write() as connection:
        first, joined = scans.request(connection, SYSTEM, shop, 1.0)
        assert not joined
        assert scans.request(connection, SYSTEM, shop, 2.0) == (first, True)
    row = kinds.of_target("new", shop, 1.0, once="x", title="t")
    with database.write() as connection:
        assert alerts.add(connection, [row]) == 1
        assert alerts.add(connection, [row, {**row, "key": "another"}]) == 1


def test_ids_that_no_database_holds_are_not_there(database: Database) -> None:
    with database.read() as connection:
        assert alerts.dead(connection, SYSTEM, ["\0", "\ud800"]) == []
        assert scans.listed(connection, SYSTEM, "a\0b") == []

"""What one person does or sends that must not stop the work for everybody else, or lead out of what is allowed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from buckler.watch.alerts import deliver
from buckler.watch.db import alerts, inventories, scans
from buckler.watch.db.database import Database
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.options import Options
from buckler.watch.service import Service
from buckler.watch.workflows import advisories
from buckler.watch.workflows import scan as scanning
from tests.notify.servers import receiver
from tests.scan.packages.osv import record
from tests.watch.made import push, report, target
from tests.watch.test_clock import index
from tests.watch.test_deliver import changed, channel, parts, rows


def packages(*pins: Any, date: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    """The part of a report that says what a target has."""
    told = {"date": date, "pins": list(pins)}
    return {"by_operation": [], "gaps": [], "reached_share": 1.0, "packages": told}


PIN = {
    "name": "shop-labels",
    "version": "1.4.1",
    "groups": [],
    "source": "",
    "places": [["a.txt", 1]],
    "way": [],
    "reach": {"level": "unknown", "steps": [], "by": "", "operation": ""},
    "reaches": {},
    "own": [],
}


@pytest.mark.parametrize(
    "pin", [{**PIN, "own": 5}, {**PIN, "own": [["x"]]}, {**PIN, "reach": "far"}, {}, {"name": 1}]
)
def test_packages_that_cannot_be_read_hold_up_nobody(
    database: Database, tmp_path: Path, pin: dict[str, Any]
) -> None:
    place = index(
        tmp_path / "index.sqlite", record("SHOP-2", "shop-labels"), date="2026-11-20T00:00:00Z"
    )
    shops = [target(database) for _ in range(2)]
    for shop in shops:
        push(database, shop, report(coverage=packages(pin)), 2000.0)
    assert advisories.rematch(database, place, 3000.0) == 2
    with database.read() as connection:
        dates = {inventories.date(connection, shop) for shop in shops}
    assert dates == {"2026-11-20T00:00:00Z"}


def test_a_message_that_cannot_be_made_holds_up_no_other(database: Database) -> None:
    with receiver() as hook:
        using = parts(database)
        channel(using, hook.url, filters={"kinds": ["new"]})
        channel(using, hook.url, filters={"kinds": ["first_report"]})
        changed(database)
        wrong = update(alerts.ALERTS).where(alerts.ALERTS.c.kind == "new").values(at=1e300)
        with database.write() as connection:
            connection.execute(wrong)
        deliver.route(using, 3000.0)
        deliver.deliver(using, 3001.0)
    assert len(hook.seen) == 1
    assert sorted(row.state for row in rows(database)) == ["sent", "waiting"]


def test_what_waits_for_a_channel_that_is_off_holds_up_no_other(database: Database) -> None:
    ann = Caller("ann")
    with receiver() as hook:
        using = parts(database)
        off = channel(using, hook.url, ann)
        changed(database, 3000.0, *range(1, 250), owner="ann")
        deliver.route(using, 3000.0)
        with database.write() as connection:
            alerts.disable(connection, off)
        with database.read() as connection:
            dead = [r.id for r in alerts.deliveries(connection, ann, "dead", 500)]
        assert len(dead) > 200
        assert deliver.again(using, ann, dead, 3001.0) == 0
        channel(using, hook.url, Caller("bob"))
        changed(database, 3002.0, owner="bob")
        deliver.route(using, 3003.0)
        deliver.deliver(using, 3004.0)
    assert len(hook.seen) == 2


def test_an_error_that_nobody_expected_ends_no_work_for_good(tmp_path: Path) -> None:
    service = Service(Options(data=tmp_path / "data"))
    turns: list[int] = []

    def work() -> None:
        turns.append(1)
        if len(turns) == 1:
            raise TypeError
        service.stop.set()

    thread = threading.Thread(target=service._loop, args=("x", 0.01, work), daemon=True)
    thread.start()
    thread.join(60)
    service.database.close()
    assert len(turns) == 2


def test_a_folder_that_became_a_link_is_not_followed(database: Database, tmp_path: Path) -> None:
    place, secret = tmp_path / "allowed" / "shop", tmp_path / "secret"
    place.mkdir(parents=True)
    secret.mkdir()
    shop = target(database, kind="folder", location=str(place))
    place.rmdir()
    place.symlink_to(secret)
    with database.write() as connection:
        scan_id, _ = scans.request(connection, SYSTEM, shop, time.time())
    made = Service(Options(data=tmp_path / "data"))
    own = scanning.Parts(
        database=database, worker="one", scratch=tmp_path, secrets=made._parts.secrets
    )
    assert scanning.perform(scan_id, own) == "failed"
    with database.read() as connection:
        assert "leads elsewhere" in scans.get(connection, SYSTEM, scan_id).why
    made.database.close()

"""Alerts on their way: who gets them, when, signed how, and what becomes of those that do not arrive."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from buckler.notify.interface import DeliveryError
from buckler.notify.retry import Retry
from buckler.watch.alerts import deliver, filters
from buckler.watch.alerts.channels import Reach, split
from buckler.watch.alerts.deliver import Delivering
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Caller
from tests.notify.servers import receiver
from tests.watch.made import finding, push, report, target

SECRET = "whsec_" + "A" * 43 + "="
DAY = 86_400.0


def parts(database: Database, **changes: Any) -> Delivering:
    made = Delivering(
        database=database,
        secrets=Secrets(b"k" * 32),
        worker="one",
        reach=Reach(inside=True),
        retry=Retry(attempts=3, first=10, factor=2, longest=100),
    )
    return replace(made, **changes)


def channel(
    using: Delivering, url: str, caller: Caller = SYSTEM, kind: str = "webhook", **values: Any
) -> str:
    made = new_id()
    options = {"url": url, "secrets": SECRET} if kind == "webhook" else {"url": url}
    rest = {"filters": {}, "quiet": None, "digest": 0.0, **values}
    sealed = using.secrets.seal(options, made)
    row = {"id": made, "name": "hook", "kind": kind, "options": {}, "sealed": sealed, **rest}
    with using.database.write() as connection:
        return alerts.add_channel(connection, caller, row)


def changed(database: Database, now: float = 3000.0, *numbers: int, **given: Any) -> str:
    """A target in which findings have opened, besides its first report."""
    shop = target(database, **given)
    push(database, shop, report(), 2000.0)
    push(database, shop, report(*(finding(n) for n in numbers or (1,))), now)
    return shop


def rows(database: Database, state: str | None = None) -> list[Any]:
    with database.read() as connection:
        return list(alerts.deliveries(connection, SYSTEM, state))


def test_a_webhook_that_a_foreign_library_verifies(database: Database) -> None:
    changed(database)
    with receiver() as hook:
        using = parts(database)
        channel(using, hook.url + "/hook", filters={"kinds": ["new"]})
        assert deliver.route(using, 3000.0) == 2
        assert deliver.deliver(using, 3000.0) == 1
        (request,) = hook.seen
    body = Webhook(SECRET).verify(request.body, request.headers)
    assert body["type"] == "watch.new"
    assert body["data"]["title"] == "shop: SQL injection · main.py"
    assert body["data"]["fields"]["severity"] == "high"


def test_nothing_is_sent_of_what_has_not_changed(database: Database) -> None:
    shop = changed(database)
    with receiver() as hook:
        using = parts(database)
        channel(using, hook.url)
        deliver.route(using, 3000.0)
        deliver.deliver(using, 3000.0)
        for now in range(4000, 4010):
            push(database, shop, report(finding(1)), float(now))
            assert deliver.route(using, float(now)) == 0
            assert deliver.deliver(using, float(now)) == 0
        assert len(hook.seen) == 2


def test_one_that_fails_is_tried_again_under_its_id_and_then_kept(database: Database) -> None:
    changed(database)
    with receiver(500, 500, 500, 204) as hook:
        using = parts(database)
        channel(using, hook.url, filters={"kinds": ["new"]})
        deliver.route(using, 3000.0)
        assert [deliver.deliver(using, now) for now in (3000.0, 3001.0, 3020.0, 3070.0)] == [
            1,
            0,
            1,
            1,
        ]
        (dead,) = rows(database, "dead")
        assert "answered 500" in dead.error
        assert deliver.deliver(using, 9000.0) == 0
        assert deliver.again(using, Caller("bob"), [dead.id], 9000.0) == 0
        assert deliver.again(using, SYSTEM, [dead.id], 9000.0) == 1
        assert deliver.deliver(using, 9000.0) == 1
        assert len({request.headers["webhook-id"] for request in hook.seen}) == 1
    assert [row.state for row in rows(database)] == ["sent"]


def test_a_receiver_that_is_gone_for_good_is_not_tried_again(database: Database) -> None:
    changed(database)
    with receiver(410) as hook:
        using = parts(database)
        channel(using, hook.url, filters={"kinds": ["new"]})
        deliver.route(using, 3000.0)
        deliver.deliver(using, 3000.0)
    assert [row.state for row in rows(database)] == ["dead"]


def test_who_died_while_sending_is_followed_by_the_next_one_under_the_same_id(
    database: Database,
) -> None:
    changed(database)
    with receiver() as hook:
        dying, next_one = parts(database), parts(database, worker="two")
        channel(dying, hook.url, filters={"kinds": ["new"]})
        deliver.route(dying, 3000.0)
        (message,) = deliver._claimed(dying, 3000.0)
        assert deliver._sent(dying, message, 3000.0) is None
        assert deliver.deliver(next_one, 3001.0) == 0
        assert deliver.deliver(next_one, 3000.0 + deliver.LEASE + 1) == 1
        deliver._written(dying, message, DeliveryError("too late to matter"), 3500.0)
        assert [row.state for row in rows(database, "sent")] == ["sent"]
        assert {request.headers["webhook-id"] for request in hook.seen} == {message.id}
        assert len(hook.seen) == 2


def test_a_clock_that_was_ahead_holds_nothing_back_for_ever(database: Database) -> None:
    changed(database)
    with receiver() as hook:
        using = parts(database)
        channel(using, hook.url, filters={"kinds": ["new"]})
        deliver.route(using, 3000.0)
        with database.write() as connection:
            ahead = {"next_at": 3000.0 + 365 * DAY, "leased_until": 3000.0 + 365 * DAY}
            connection.execute(update(alerts.DELIVERIES).values(**ahead, leased_by="gone"))
        assert deliver.deliver(using, 3000.0) == 1


def test_a_digest_is_one_message(database: Database) -> None:
    changed(database, 3000.0, 1, 2, 3)
    with receiver(500, 204) as hook:
        using = parts(database)
        channel(using, hook.url, filters={"kinds": ["new"]}, digest=600.0)
        deliver.route(using, 3000.0)
        assert deliver.deliver(using, 3100.0) == 0
        assert deliver.deliver(using, 3601.0) == 1
        changed(database, 3610.0)
        deliver.route(using, 3610.0)
        assert deliver.deliver(using, 3700.0) == 1
        first, second = hook.seen
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert json.loads(second.body)["data"]["title"] == "3 alerts"


def test_a_channel_gets_what_its_owner_may_see(database: Database) -> None:
    changed(database, caller=Caller("ann"))
    with receiver() as hook:
        using = parts(database)
        channel(using, hook.url, Caller("bob"))
        deliver.route(using, 3000.0)
        assert rows(database) == []
        channel(using, hook.url, Caller("ann"))
    changed(database, 4000.0, caller=Caller("ann"))
    deliver.route(using, 4000.0)
    assert len(rows(database)) == 2


ALERT = {
    "kind": "new",
    "severity": "medium",
    "rule": "INJ001",
    "route": "GET /orders/{id}",
    "owner": "ann",
    "target_id": "t",
}


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({}, True),
        ({"severity": "medium"}, True),
        ({"severity": "high"}, False),
        ({"kinds": ["fixed"]}, False),
        ({"kinds": ["fixed", "new"]}, True),
        ({"rules": ["INJ*"]}, True),
        ({"rules": ["ACC*"]}, False),
        ({"routes": ["* /orders/*"]}, True),
        ({"routes": ["* /admin/*"]}, False),
        ({"owners": ["bob"]}, False),
        ({"targets": ["t"], "owners": ["ann"]}, True),
        ({"targets": ["t"], "owners": ["bob"]}, False),
    ],
)
def test_filters(given: dict[str, Any], passes: bool) -> None:
    assert filters.wants(filters.checked(given), ALERT) is passes


@pytest.mark.parametrize(
    "given",
    [
        {"kind": ["new"]},
        {"kinds": "new"},
        {"kinds": ["nothing"]},
        {"severity": "huge"},
        {"rules": [1]},
    ],
)
def test_wrong_filters_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="filters"):
        filters.checked(given)


def test_quiet_hours_over_midnight() -> None:
    quiet = filters.checked_quiet({"from": "22:00", "to": "07:00", "zone": "Europe/Vienna"})
    # 1 July 2026, 20:30 UTC is 22:30 in Vienna; 07:00 there is 05:00 UTC.
    night, morning = 1_782_937_800.0, 1_782_968_400.0
    assert filters.after_quiet(quiet, night) == morning
    assert filters.after_quiet(quiet, morning) == morning
    assert filters.after_quiet(None, night) == night


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"from": "22", "to": "7"},
        {"from": "22:00", "to": "22:00"},
        {"from": "25:00", "to": "07:00"},
    ],
)
def test_wrong_quiet_hours_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="quiet"):
        filters.checked_quiet(given)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("pager", {}),
        ("webhook", {"url": "https://hooks.example/"}),
        ("webhook", {"url": "https://hooks.example/", "secrets": "short"}),
        ("webhook", {"url": "http://hooks.example/", "secrets": SECRET}),
        ("webhook", {"url": "https://hooks.example/", "secrets": SECRET, "proxy": "x"}),
        ("slack", {"url": 7}),
        ("email", {"host": "mail.example", "sender": "a", "recipients": "b@c.example"}),
    ],
)
def test_wrong_channels_are_refused(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        split(kind, options)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/",
        "http://localhost/",
        "https://169.254.169.254/latest",
        "https://10.0.0.5/hook",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://metadata.internal/",
    ],
)
def test_channels_do_not_reach_inside(url: str) -> None:
    with pytest.raises(RefusedError):
        Reach().check("webhook", {"url": url})


def test_secrets_are_not_to_be_read_in_the_database(database: Database) -> None:
    using = parts(database)
    made = channel(using, "https://hooks.example/very-secret")
    with database.read() as connection:
        row = alerts.channel(connection, SYSTEM, made)
    assert "very-secret" not in json.dumps(dict(row._mapping))
    assert using.secrets.open(row.sealed, made)["url"] == "https://hooks.example/very-secret"
    for other, owner in ((Secrets(b"x" * 32), made), (using.secrets, "another channel")):
        with pytest.raises(RefusedError):
            other.open(row.sealed, owner)

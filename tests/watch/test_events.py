"""Security events of applications: taken once, bounded, joined with findings, counted over all applications."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select

from buckler.guard import AuditRecord, EventKind, SecurityEvent
from buckler.guard.audit.shapes import own
from buckler.watch.api.common import READ, WRITE
from buckler.watch.db import alerts, events
from buckler.watch.db.database import Database
from buckler.watch.errors import MissingError
from buckler.watch.events import places, taking
from buckler.watch.events.reading import read
from buckler.watch.interface import SYSTEM, Caller
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, push, report, target

FAILED = EventKind.SIGN_IN_FAILED
SEEN = EventKind.ATTACK_SEEN


def event(kind: EventKind = FAILED, **values: Any) -> dict[str, Any]:
    """One event as guard's sinks write it."""
    return dict(own.shape(AuditRecord(SecurityEvent(kind=kind, **values))))


def application(api: Api, key: str, target_id: str) -> str:
    """The token of a new application."""
    answer = api.ask(key, "POST", f"/api/targets/{target_id}/applications", json={"name": "shop 1"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def send(api: Api, token: str, *made: Mapping[str, Any], **headers: str) -> Any:
    return api.client.post("/api/events", json=list(made), headers={"X-API-Key": token, **headers})


def store(database: Database, target_id: str, now: float, *made: SecurityEvent) -> None:
    """Take events in, without the interface."""
    body = json.dumps([own.shape(AuditRecord(one)) for one in made]).encode()
    with database.write() as connection:
        target_row = connection.execute(
            select(events.TARGETS).where(events.TARGETS.c.id == target_id)
        ).one()
        taking.take(connection, target_row, read(body, now), f"{target_id}{now}", now)


def told(database: Database, *kinds: str) -> list[Any]:
    with database.read() as connection:
        return [row for row in alerts.listed(connection, SYSTEM) if row.kind in kinds]


def test_events_stand_beside_the_changes_of_findings(api: Api, ann: str) -> None:
    shop = pushed(api, ann, finding(1))
    token = application(api, ann, shop)
    answer = send(api, token, event(principal="bob", client="192.0.2.1", request_id="r-1"))
    assert (answer.status_code, answer.json()) == (202, {"taken": 1, "known": 0})
    line = api.ask(ann, "GET", "/api/timeline", params={"target": shop}).json()["entries"]
    assert [(one["type"], one.get("kind", one.get("after"))) for one in line] == [
        ("event", "sign_in.failed"),
        ("finding", "open"),
    ]
    assert line[0]["principal"] == "bob"
    first = api.ask(ann, "GET", "/api/timeline", params={"target": shop, "most": 1}).json()
    rest = api.ask(ann, "GET", "/api/timeline", params={"target": shop, "before": first["next"]})
    assert [one["id"] for one in rest.json()["entries"]] == [line[1]["id"]]
    bob = api.key("bob", "analyst")
    assert api.ask(bob, "GET", "/api/timeline", params={"target": shop}).json()["entries"] == []
    assert api.ask(bob, "GET", "/api/events").json()["events"] == []


def test_a_request_that_is_sent_again_is_taken_once(api: Api, ann: str) -> None:
    shop = pushed(api, ann)
    token = application(api, ann, shop)
    made = [event(request_id="a"), event(request_id="b")]
    sent = {"webhook-id": "msg_1"}
    assert send(api, token, *made, **sent).json() == {"taken": 2, "known": 0}
    assert send(api, token, *made, **sent).json() == {"taken": 0, "known": 2}
    assert send(api, token, *made, **{"webhook-id": "msg_2"}).json()["taken"] == 2
    kept = api.ask(ann, "GET", "/api/events", params={"target": shop}).json()["events"]
    assert len(kept) == 4


def test_a_token_sends_the_events_of_one_target_and_does_nothing_else(
    api: Api, ann: str, name: str
) -> None:
    shop = pushed(api, ann)
    token = application(api, ann, shop)
    for method, path in (("GET", "/api/targets"), ("GET", "/api/events"), ("GET", "/api/timeline")):
        assert api.ask(token, method, path).status_code == 403
    assert send(api, api.key(name, "analyst", READ, WRITE), event()).status_code == 403
    # An administrator may do everything, but is no application.
    assert send(api, api.key("boss", "admin"), event()).status_code == 404
    bob = api.key("bob", "analyst")
    for method, path, body in (
        ("GET", f"/api/targets/{shop}/applications", None),
        ("POST", f"/api/targets/{shop}/applications", {"name": "x"}),
    ):
        assert api.ask(bob, method, path, json=body).status_code == 404
    made = api.ask(ann, "GET", f"/api/targets/{shop}/applications").json()
    assert [one["name"] for one in made] == ["shop 1"]
    assert "token" not in made[0]
    path = f"/api/targets/{shop}/applications/{made[0]['id']}"
    assert api.ask(bob, "DELETE", path).status_code == 404
    assert send(api, token, event()).status_code == 202
    assert api.ask(ann, "DELETE", path).status_code == 204
    assert send(api, token, event()).status_code in (401, 403)
    with api.service.database.read() as connection, pytest.raises(MissingError):
        events.target_of(connection, made[0]["id"])


def test_an_account_of_ones_own_is_no_application(api: Api, ann: str) -> None:
    shop = pushed(api, ann)
    other = pushed(api, ann)
    users = api.client.app.state.guard.identities  # type: ignore[attr-defined]
    me = api.client.portal.call(users.stores.users.by_name, "boss")  # type: ignore[union-attr]
    path = f"/api/targets/{other}/applications"
    token = application(api, ann, shop)
    mine = api.ask(ann, "GET", f"/api/targets/{shop}/applications").json()[0]["id"]
    # The id of an application of another target ends nothing there, nor does that of a person.
    for one in (mine, me.id if me else "0" * 16):
        assert api.ask(ann, "DELETE", f"{path}/{one}").status_code == 404
    assert send(api, token, event()).status_code == 202


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "sign_in.invented"}, "events[0].kind"),
        ({"kind": None}, "events[0].kind"),
        ({"severity": "dreadful"}, "events[0].severity"),
        ({"time": "yesterday"}, "events[0].time"),
        ({"time": "2026-11-01T00:00:00"}, "events[0].time"),
        ({"time": 5}, "events[0].time"),
        ({"status": 1.5}, "events[0].status"),
        ({"status": -1}, "events[0].status"),
        ({"dropped": 10**12}, "events[0].dropped"),
        ({"client": ["a"]}, "events[0].client"),
        ({"message": "x" * 2000}, "events[0].message"),
        ({"detail": {"a": {"b": 1}}}, "events[0].detail.a"),
        ({"detail": {f"n{n}": 1 for n in range(33)}}, "events[0].detail"),
        ({"detail": {"n" * 65: 1}}, "events[0].detail"),
        ({"route": "/x", "target": "another"}, "events[0].target"),
    ],
)
def test_what_is_no_event_is_refused_with_its_field(
    api: Api, ann: str, changes: dict[str, Any], field: str
) -> None:
    token = application(api, ann, pushed(api, ann))
    answer = send(api, token, {**event(), **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["title"].startswith(field)


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b"[[]]", b"nothing", b"[" * 5000, b"\xff\xfe", b""]
)
def test_a_body_that_is_no_list_of_events_is_refused(api: Api, ann: str, body: bytes) -> None:
    token = application(api, ann, pushed(api, ann))
    answer = api.ask(token, "POST", "/api/events", content=body)
    assert answer.status_code in (400, 422), answer.text


def test_what_an_application_writes_is_made_harmless(api: Api, ann: str) -> None:
    shop = pushed(api, ann)
    token = application(api, ann, shop)
    hostile = event(
        principal="bob\nroot\x00\x1b[31m", detail={"password": "hunter2", "note": "<script>"}
    )
    far = {**event(), "time": "2199-01-01T00:00:00Z"}
    assert send(api, token, hostile, far).json()["taken"] == 2
    rows = api.ask(ann, "GET", "/api/events", params={"target": shop}).json()["events"]
    assert all(abs(row["at"] - time.time()) < 60 for row in rows)
    one = next(row for row in rows if row["principal"])
    assert "hunter2" not in json.dumps(one)
    assert not set("\n\x00\x1b") & set(one["principal"])


def test_an_application_that_floods_is_asked_to_wait(
    api: Api, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_A_MINUTE", 3)
    shop = pushed(api, ann)
    token, other = application(api, ann, shop), application(api, ann, pushed(api, ann))
    assert send(api, token, event(), event(), event()).status_code == 202
    answer = send(api, token, event())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert send(api, other, event()).status_code == 202


def test_old_events_go_and_of_each_target_the_newest_stay(database: Database) -> None:
    shop, other = target(database), target(database)
    for number in range(6):
        store(database, shop, 1000.0 + number, SecurityEvent(kind=FAILED, time=1000.0))
    store(database, other, 1000.0, SecurityEvent(kind=FAILED, time=1000.0))
    with database.write() as connection:
        assert events.drop(connection, 1001.0, 3, 9e9) == 4
    with database.read() as connection:
        statement = select(events.EVENTS.c.target_id, events.EVENTS.c.received_at)
        left = connection.execute(statement).all()
        quiet = connection.execute(select(func.count()).select_from(events.QUIET)).scalar_one()
    assert sorted(left) == [(shop, at) for at in (1003.0, 1004.0, 1005.0)]
    assert quiet == 0


def test_failures_of_one_account_over_several_applications_are_one_alarm(
    database: Database,
) -> None:
    now = time.time()
    shop, desk, alone = (target(database, name=name) for name in ("shop", "desk", "alone"))

    def failed(target_id: str, at: float, amount: int, principal: str) -> None:
        many = [
            SecurityEvent(kind=FAILED, time=at, principal=principal, client=f"192.0.2.{n}")
            for n in range(amount)
        ]
        store(database, target_id, at, *many)

    failed(alone, now, 12, "eve")  # guard's own alarms tell that
    failed(shop, now, 5, "Bob ")
    failed(desk, now + 1, 4, "bob")
    failed(desk, now + 2, 3, "carol")
    assert told(database, "sign_in_failures") == []
    failed(desk, now + 3, 1, "bob")
    found = told(database, "sign_in_failures")
    assert [(a.target_id, a.fields["account"]) for a in found] == [(shop, "bob")] or [
        (a.target_id, a.fields["account"]) for a in found
    ] == [(desk, "bob")]
    assert (found[0].fields["count"], found[0].fields["applications"]) == (10, 2)
    failed(shop, now + 4, 20, "bob")
    assert len(told(database, "sign_in_failures")) == 1
    failed(shop, now + 1200, 9, "bob")
    failed(desk, now + 1201, 1, "bob")
    assert len(told(database, "sign_in_failures")) == 2


def test_an_owner_is_told_of_their_own_applications_alone(database: Database) -> None:
    now = time.time()
    shop = target(database, Caller("ann"), name="shop of ann")
    desk = target(database, Caller("bob"), name="desk of bob")
    for at, one in ((now, shop), (now + 1, desk)):
        many = [
            SecurityEvent(kind=FAILED, time=at, client="198.51.100.7", principal=f"p{at}{n}")
            for n in range(12)
        ]
        store(database, one, at, *many)
    with database.read() as connection:
        anns = alerts.listed(connection, Caller("ann"))
        bobs = alerts.listed(connection, Caller("bob"))
    assert [(a.kind, a.target_id) for a in anns] == [("sign_in_failures", shop)]
    assert [(a.kind, a.target_id) for a in bobs] == [("sign_in_failures", desk)]
    assert "desk" not in anns[0].text + anns[0].title + json.dumps(anns[0].fields)
    assert anns[0].fields["count"] == 12
    assert "others" in anns[0].text


@pytest.mark.parametrize(
    ("kind", "alert", "amount"),
    [(SEEN, "attack_burst", 10), (EventKind.ACCESS_REFUSED, "refusal_burst", 60)],
)
def test_bursts(database: Database, kind: EventKind, alert: str, amount: int) -> None:
    now = time.time()
    shop, desk = target(database), target(database)
    half = amount // 2

    def burst(target_id: str, at: float, number: int) -> None:
        many = [SecurityEvent(kind=kind, time=at, client="2001:db8::7")] * number
        store(database, target_id, at, *many)

    burst(shop, now, half)
    burst(desk, now + 1, half - 1)
    assert told(database, alert) == []
    burst(desk, now + 400, half)  # the first ones are too long ago
    assert told(database, alert) == []
    burst(shop, now + 401, half)
    found = told(database, alert)
    assert [a.fields["count"] for a in found] == [amount]
    assert found[0].fields["address"] == "2001:db8::/64"


def test_an_attack_where_a_finding_is_open_says_so(database: Database) -> None:
    now = time.time()
    shop, other = target(database), target(database)
    place = {"path": "m.py", "line": 1, "operation": "GET /items", "slot": "query:q"}
    push(database, shop, report(finding(1, location=place)), now - 10)
    push(database, other, report(finding(1, location=place)), now - 10)

    def attack(at: float, where: str, method: str = "GET", route: str = "/items") -> None:
        made = SecurityEvent(
            kind=SEEN,
            time=at,
            method=method,
            route=route,
            client="192.0.2.9",
            detail={"place": where, "value": "' or 1=1"},
        )
        store(database, shop, at, made)

    attack(now, "query.other")
    attack(now + 1, "query.q", method="POST")
    attack(now + 2, "query.q", route="/other")
    assert told(database, "attack_on_finding") == []
    attack(now + 3, "query.q")
    attack(now + 4, "query.q")
    found = told(database, "attack_on_finding")
    assert [(a.target_id, a.rule, a.fields["slot"]) for a in found] == [(shop, "INJ001", "query:q")]
    with database.read() as connection:
        asked = events.Asked(finding_id=found[0].finding_id)
        assert len(events.listed(connection, SYSTEM, asked)) == 2
    attack(now + 3700, "query.q")
    assert len(told(database, "attack_on_finding")) == 2
    push(database, shop, report(), now + 3710)
    attack(now + 9000, "query.q")
    assert len(told(database, "attack_on_finding")) == 2


@pytest.mark.parametrize(
    ("place", "route", "slot"),
    [
        ("query.q", "/items", "query:q"),
        ("query[2] (name)", "/items", ""),
        ("form.avatar (file name)", "/me", "filename:avatar"),
        ("header.x-name", "/", "header:x-name"),
        ("cookie.theme", "/", "cookie:theme"),
        ("body.items[3].name", "/", "json:items[].name"),
        ("body[0].name", "/", "json:[].name"),
        ("body (text 9)", "/", ""),
        ("path", "/files/{name:path}", "path:name"),
        ("path[1]", "/a/{b}/{c}", "path:b"),
        ("path[0]", "/a/{b}/{c}", ""),
        ("path[9]", "/a/{b}/{c}", ""),
        ("websocket.text", "/ws", "message:"),
        ("query.", "/", ""),
    ],
)
def test_a_place_is_a_slot(place: str, route: str, slot: str) -> None:
    assert places.slot_of(place, route) == slot


@pytest.mark.parametrize(
    ("of_finding", "attacked", "same"),
    [
        ("query:q", "query:q", True),
        ("query:q", "form:q", False),
        ("header:X-Name", "header:x-name", True),
        ("json:address", "json:address.city", True),
        ("json:address", "json:addresses", False),
        ("json:address.city", "json:address", False),
        ("json:", "json:anything", True),
        ("json:items[].name", "json:items[].name", True),
    ],
)
def test_a_finding_is_where_an_attack_stood(of_finding: str, attacked: str, same: bool) -> None:
    assert places.is_at(of_finding, attacked) is same

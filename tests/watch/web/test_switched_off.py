"""What goes on of a person who was switched off, or lost a role: nothing is told to who may not see it today."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from buckler.watch.alerts import deliver
from buckler.watch.alerts.channels import Reach
from buckler.watch.alerts.deliver import Delivering
from buckler.watch.db import alerts, scans, targets
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.workflows import clock
from tests.notify.servers import receiver
from tests.watch import made
from tests.watch.test_deliver import channel
from tests.watch.web.site import Browser, Site
from tests.watch.web.test_events import application, event, send

DAY = 86_400.0


@pytest.fixture
def using(web: Site) -> Delivering:
    """Deliveries of this application; what other tests left is out of the way."""
    made = replace(web.service.delivering, reach=Reach(inside=True))
    deliver.route(made, time.time())
    with web.service.database.write() as connection:
        for one in alerts.channels(connection, SYSTEM):
            alerts.disable(connection, one.id)
    return made


def told(hook: Any, name: str) -> list[str]:
    """Messages that name a target."""
    return [one.body.decode() for one in hook.seen if name in one.body.decode()]


def opened(web: Site, owner: str, name: str) -> str:
    """A target about which there is something to tell."""
    target_id = made.target(web.service.database, Caller(owner), name=name)
    made.push(web.service.database, target_id, made.report(made.finding(1)), time.time())
    return target_id


def test_what_waits_is_not_sent_to_who_is_no_administrator_any_more(
    web: Site, ann: Browser, boss: Browser, name: str, using: Delivering
) -> None:
    eve = web.somebody(f"{name}-eve", "admin")
    with receiver() as hook:
        channel(using, hook.url, Caller(eve.id, everything=True), digest=3_600.0)
        one = channel(using, f"{hook.url}/gone", Caller(eve.id, everything=True))
        opened(web, ann.id, "secret-of-ann")
        opened(web, eve.id, "own-of-eve")
        deliver.route(using, time.time())
        with web.service.database.write() as connection:
            waiting = [d.id for d in alerts.deliveries(connection, SYSTEM) if d.channel_id == one]
            alerts.change_deliveries(connection, waiting, {"state": "dead"})
        assert "secret-of-ann" in eve.get("/targets").text
        page = f"/users/{eve.id}"
        done = boss.post(f"{page}/roles", page, role=["analyst"], had="admin")
        assert done.status_code == 303
        assert web.app.state.audit.flush(20)
        with web.service.database.write() as connection:
            left = [d for d in alerts.deliveries(connection, SYSTEM) if d.state == "waiting"]
            given_up = [
                d for d in alerts.deliveries(connection, SYSTEM) if "may not see" in d.error
            ]
            # An earlier version left them waiting.
            ids = [d.id for d in given_up]
            alerts.change_deliveries(connection, ids, {"state": "waiting"})
        assert (len(left), len(given_up)) == (1, 1)
        for later in (DAY, 2 * DAY):
            assert deliver.again(using, Caller(eve.id), waiting, time.time()) in (0, 1)
            deliver.deliver(using, time.time() + later)
        assert told(hook, "secret-of-ann") == []
        assert told(hook, "own-of-eve")
    with web.service.database.read() as connection:
        known = {t.id: t.name for t in targets.listed(connection, SYSTEM)}
        seen = alerts.deliveries(connection, Caller(eve.id))
        about = {a.id: known[a.target_id] for a in alerts.listed(connection, SYSTEM, 500)}
    assert {about[one.alert_id] for one in seen} == {"own-of-eve"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("state", {"what": "disable"}),
        ("roles", {"role": "monitor", "had": "analyst"}),
        ("roles", {"had": "analyst"}),
    ],
)
def test_who_may_see_nothing_is_told_nothing(
    web: Site, boss: Browser, name: str, path: str, fields: dict[str, Any], using: Delivering
) -> None:
    bob = web.somebody(f"{name}-bob", "analyst")
    with receiver() as hook:
        channel(using, hook.url, Caller(bob.id), digest=3_600.0)
        opened(web, bob.id, "before")
        deliver.route(using, time.time())
        page = f"/users/{bob.id}"
        assert boss.post(f"{page}/{path}", page, **fields).status_code == 303
        assert web.app.state.audit.flush(20)
        opened(web, bob.id, "after")
        deliver.route(using, time.time())
        deliver.deliver(using, time.time() + DAY)
        assert hook.seen == []


def test_who_keeps_a_role_that_reads_is_told_of_their_own(
    web: Site, boss: Browser, name: str, using: Delivering
) -> None:
    bob = web.somebody(f"{name}-bob", "analyst")
    with receiver() as hook:
        channel(using, hook.url, Caller(bob.id))
        page = f"/users/{bob.id}"
        assert boss.post(f"{page}/roles", page, role="reader", had="analyst").status_code == 303
        assert web.app.state.audit.flush(20)
        opened(web, bob.id, "own-of-bob")
        deliver.route(using, time.time())
        deliver.deliver(using, time.time())
        assert told(hook, "own-of-bob")


def test_sessions_tokens_and_links_end_and_work_goes_on(
    web: Site, boss: Browser, ann: Browser
) -> None:
    identities = web.app.state.guard.identities

    async def issue() -> str:
        return str((await identities.keys.issue(ann.id, "ci")).key)

    key, link = web.run(issue), web.app.state.links.issue(ann.id)
    shop = web.target(ann)
    token = application(web, ann, shop)
    hourly = {"kind": "git", "name": "goes-on", "schedule": "@hourly", "next_at": 1.0}
    scheduled = made.target(web.service.database, Caller(ann.id), **hourly)
    ask = {"headers": {"X-API-Key": key}}
    assert web.client.get("/api/targets", **ask).status_code == 200
    page = f"/users/{ann.id}"
    assert boss.post(f"{page}/state", page, what="disable").status_code == 303
    assert web.client.get("/api/targets", **ask).status_code == 401
    assert ann.get("/").headers["location"].startswith("/sign-in")
    answer = web.client.get(f"/sign-in/{link}", follow_redirects=False)
    assert answer.status_code in (401, 403, 404), answer.text
    assert "set-cookie" not in answer.headers
    # Applications have accounts of their own, which outlive that of who made them.
    assert send(web, token, event(1)).status_code == 202
    assert clock.schedules(web.service.database, time.time()) == 1
    with web.service.database.read() as connection:
        assert [scan.state for scan in scans.listed(connection, SYSTEM, scheduled)] == ["queued"]
    assert "goes-on" in boss.get("/targets").text

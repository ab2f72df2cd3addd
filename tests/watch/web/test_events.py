"""What applications sent beside what became of findings, and who may send it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.watch.web.site import Browser, Site, full

KEY = re.compile(r"<pre tabindex=\"0\"><code>([^<]+)</code>")
EVIL = "\"'><script>alert(1)</script>{{7*7}}"


def event(number: int, **changes: Any) -> dict[str, Any]:
    """An event in the shape of guard's sinks."""
    return {
        "time": datetime.now(UTC).isoformat(),
        "kind": "request.attack_seen",
        "severity": "warning",
        "reason": "sql",
        "message": f"a payload {number}",
        "request_id": "r",
        "method": "GET",
        "route": "/products",
        "client": "203.0.113.9",
        "principal": "",
        "status": 403,
        "detail": {"place": "query.search"},
        **changes,
    }


def application(web: Site, owner: Browser, target_id: str, name: str = "shop live") -> str:
    page = f"/targets/{target_id}/access"
    answer = owner.post(f"{page}/applications", page, name=name)
    assert answer.status_code == 200, answer.text
    (token,) = [key for key in KEY.findall(answer.text) if "WatchSink" not in key]
    assert token not in owner.get(page).text, "shown once"
    return token


def send(web: Site, token: str, *events: dict[str, Any]) -> Any:
    headers = {"X-API-Key": token, "Content-Type": "application/json"}
    return web.client.post("/api/events", content=json.dumps(events), headers=headers)


def test_an_event_stands_beside_the_finding_that_it_aimed_at(web: Site, ann: Browser) -> None:
    target_id = web.target(ann, full(1))
    (found,) = web.findings(target_id)
    token = application(web, ann, target_id)
    assert send(web, token, event(1), event(2, message=EVIL)).status_code == 202
    for path in ("/events", f"/events?target={target_id}"):
        text = ann.get(path).text
        assert "a payload 1" in text and "attack seen" in text, path
        assert f'href="/findings/{found.id}"' in text
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert "It aimed at an open finding" in text
    assert 'aria-current="page">Events</a>' in ann.get("/events").text


def test_events_of_somebody_else_are_not_shown(web: Site, ann: Browser, boss: Browser) -> None:
    other = web.somebody("events-other", "analyst")
    target_id = web.target(other, full(1))
    token = application(web, other, target_id)
    assert send(web, token, event(3, message="not for ann")).status_code == 202
    assert "not for ann" not in ann.get("/events").text
    for path in (f"/events?target={target_id}", f"/targets/{target_id}/access"):
        assert ann.get(path).status_code == 404
    assert "not for ann" in boss.get("/events").text


def test_an_application_that_was_ended_sends_nothing(web: Site, ann: Browser) -> None:
    target_id = web.target(ann, full(1))
    token = application(web, ann, target_id)
    page = f"/targets/{target_id}/access"
    (ending,) = re.findall(r'action="([^"]+/end)"', ann.get(page).text)
    assert ann.post(ending, page).status_code == 303
    assert send(web, token, event(4)).status_code == 401
    assert "shop live" not in ann.get(page).text


def test_older_events_are_on_the_next_page(web: Site, ann: Browser) -> None:
    target_id = web.target(ann, full(1))
    token = application(web, ann, target_id)
    assert send(web, token, *(event(n) for n in range(100, 260))).status_code == 202
    seen: set[str] = set()
    path = f"/events?target={target_id}"
    for _ in range(3):
        text = ann.get(path).text
        seen.update(re.findall(r"a payload (\d+)", text))
        older = re.findall(r'href="([^"]+)" rel="next"', text)
        if not older:
            break
        path = older[0].replace("&amp;", "&")
    assert seen == {str(n) for n in range(100, 260)}


def test_an_identity_is_kept_and_never_shown(web: Site, ann: Browser) -> None:
    target_id = web.target(ann, full(1))
    page = f"/targets/{target_id}/access"
    add = f"{page}/identities"
    for fields in (
        {"how": "bearer", "secret": "swordfish-1"},
        {"how": "header", "place": "X-Key", "secret": "swordfish-2"},
        {"how": "basic", "place": "ann", "secret": "swordfish-3"},
        {"how": "cookie", "place": "session", "secret": "swordfish-4"},
        {"how": "form", "place": "POST /auth/token", "secret": "username=a&password=swordfish-5"},
    ):
        name = f"by-{fields['how']}"
        answer = ann.post(add, page, identity=name, role="user", **fields)
        assert answer.status_code == 303, answer.text
    text = ann.get(page).text
    assert all(f"by-{how}" in text for how in ("bearer", "header", "basic", "cookie", "form"))
    assert "swordfish" not in text
    wrong = ann.post(add, page, identity="x y", role="user", how="bearer", secret="swordfish-6")
    assert wrong.status_code == 422
    assert "Not done" in wrong.text and "swordfish" not in wrong.text
    strange = ann.post(add, page, identity="x", role="user", how="nonsense", secret="swordfish-7")
    assert strange.status_code == 422 and "swordfish" not in strange.text
    (removing, *_) = re.findall(r'action="([^"]+/remove)"', text)
    assert ann.post(removing, page).status_code == 303
    assert ann.get(page).text.count("/remove") == 4

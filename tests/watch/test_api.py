"""The interface for programs: tokens and their scopes, other people's rows, edits that cross, reports that are pushed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from buckler.watch.api.common import ADMIN, READ, SCAN, WRITE
from buckler.watch.app import administrator
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, report


def test_a_report_that_is_pushed_becomes_findings(api: Api, ann: str) -> None:
    shop = pushed(api, ann, finding(1), finding(2, severity="critical"))
    listed = api.ask(ann, "GET", "/api/findings", params={"target": shop}).json()["findings"]
    assert [f["severity"] for f in listed] == ["critical", "high"]
    one = api.ask(ann, "GET", f"/api/findings/{listed[0]['id']}").json()
    assert [h["after"] for h in one["history"]] == ["open"]
    kept = api.ask(ann, "GET", f"/api/targets/{shop}/report").json()
    assert kept["schema"] == "buckler-report/1"
    status = api.ask(ann, "GET", "/api/status").json()
    assert status["targets"] == 1
    assert "workers" not in status


def test_findings_come_in_pages(api: Api, ann: str) -> None:
    pushed(api, ann, *(finding(n) for n in range(7)))
    seen, after = [], None
    while True:
        params = {"most": 3, **({"after": after} if after else {})}
        page = api.ask(ann, "GET", "/api/findings", params=params).json()
        seen += [f["fingerprint"] for f in page["findings"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == [f"{n:016x}" for n in range(7)]


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        ((READ,), "GET", "/api/targets", 200),
        ((READ,), "POST", "/api/targets", 403),
        ((READ,), "POST", "/api/targets/{}/scans", 403),
        ((READ,), "POST", "/api/targets/{}/reports", 403),
        ((SCAN,), "GET", "/api/findings", 403),
        ((SCAN,), "POST", "/api/targets/{}/reports", 422),
        ((WRITE,), "POST", "/api/targets/{}/scans", 403),
        ((ADMIN,), "GET", "/api/targets", 403),
    ],
)
def test_a_token_does_what_its_scopes_say(
    api: Api, ann: str, name: str, scopes: tuple[str, ...], method: str, path: str, status: int
) -> None:
    shop = pushed(api, ann)
    key = api.key(name, "analyst", *scopes)
    answer = api.ask(key, method, path.format(shop), json={"schema": "x"})
    assert answer.status_code == status, answer.text


def test_nobody_comes_in_without_a_token(api: Api) -> None:
    paths = api.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    asked = 0
    for path, methods in paths.items():
        if not path.startswith("/api/"):
            continue
        for method in methods:
            answer = api.client.request(method.upper(), path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path)
            asked += 1
    assert asked > 15
    assert api.client.get("/health").json() == {"status": "ok"}
    assert api.client.get("/ready").json() == {"status": "ready"}


def test_nobody_sees_or_changes_what_is_somebody_elses(api: Api, ann: str) -> None:
    bob, boss = api.key("bob", "analyst"), api.key("boss", "admin")
    shop = pushed(api, ann, finding(1))
    found = api.ask(ann, "GET", "/api/findings").json()["findings"][0]["id"]
    scan = api.ask(ann, "GET", "/api/scans").json()[0]["id"]
    decision = {"what": "false_alarm", "reason": "looked at by hand", "version": 1}
    for method, path, body in (
        ("GET", f"/api/targets/{shop}", None),
        ("PATCH", f"/api/targets/{shop}", {"version": 1, "name": "mine"}),
        ("DELETE", f"/api/targets/{shop}?version=1", None),
        ("POST", f"/api/targets/{shop}/scans", None),
        ("POST", f"/api/targets/{shop}/reports", report()),
        ("GET", f"/api/targets/{shop}/report", None),
        ("GET", f"/api/scans/{scan}", None),
        ("GET", f"/api/scans/{scan}/report", None),
        ("GET", f"/api/findings/{found}", None),
        ("POST", f"/api/findings/{found}/decision", decision),
        ("PUT", f"/api/findings/{found}/assignee", {"version": 1, "assignee": ""}),
        ("POST", f"/api/findings/{found}/comments", {"text": "hello"}),
    ):
        answer = api.ask(bob, method, path, json=body)
        assert answer.status_code == 404, (method, path, answer.text)
        assert shop not in answer.text
    for path in ("/api/targets", "/api/scans", "/api/alerts"):
        assert api.ask(bob, "GET", path).json() == []
    assert api.ask(bob, "GET", "/api/findings").json()["findings"] == []
    assert shop in [t["id"] for t in api.ask(boss, "GET", "/api/targets").json()]
    many = {"what": "false_alarm", "reason": "looked at by hand", "findings": {found: 1}}
    refused = api.ask(bob, "POST", "/api/findings/decisions", json=many).json()
    assert (refused["decided"], list(refused["refused"])) == (0, [found])
    assert api.ask(ann, "GET", f"/api/findings/{found}").json()["state"] == "open"


def test_two_people_who_edit_one_finding(api: Api, ann: str) -> None:
    pushed(api, ann, finding(1))
    found = api.ask(ann, "GET", "/api/findings").json()["findings"][0]
    path = f"/api/findings/{found['id']}"
    until = time.time() + 30 * 86400
    accept = {"what": "accept", "reason": "behind the firewall", "until": until, "version": 1}
    assert api.ask(ann, "POST", f"{path}/decision", json=accept).json() == {"version": 2}
    other = {"what": "false_alarm", "reason": "no input comes here", "version": 1}
    answer = api.ask(ann, "POST", f"{path}/decision", json=other)
    assert answer.status_code == 409
    assert answer.json()["present"]["state"] == "accepted"
    assert api.ask(ann, "POST", f"{path}/decision", json={**other, "version": 2}).status_code == 200
    now = api.ask(ann, "GET", path).json()
    assert [h["after"] for h in now["history"]] == ["open", "accepted", "false_alarm"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "short"}, "reason"),
        ({"until": None}, "until"),
        ({"until": 1.0}, "until"),
        ({"until": 1e11}, "until"),
        ({"what": "reopen", "until": None}, "what"),
    ],
)
def test_an_acceptance_needs_a_reason_and_a_date(
    api: Api, ann: str, changes: dict[str, Any], field: str
) -> None:
    pushed(api, ann, finding(1))
    found = api.ask(ann, "GET", "/api/findings").json()["findings"][0]
    given = {"what": "accept", "reason": "behind the firewall", "until": time.time() + 86400}
    body = {**given, "version": 1, **changes}
    answer = api.ask(ann, "POST", f"/api/findings/{found['id']}/decision", json=body)
    assert answer.status_code == 422
    assert answer.json()["title"].startswith(field)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "site"}, "kind"),
        ({"kind": "url", "location": "https://127.0.0.1/"}, "location"),
        ({"kind": "url", "location": "http://example.com/"}, "location"),
        ({"kind": "folder", "location": "/etc"}, "location"),
        ({"kind": "git", "location": "ext::sh -c id"}, "location"),
        ({"kind": "git", "location": "https://127.0.0.1/a.git"}, "location"),
        ({"kind": "pushed", "name": "x", "schedule": "* * * * *"}, "schedule"),
        ({"kind": "pushed", "name": "x", "zone": "Mars", "schedule": "@daily"}, "zone"),
        ({"kind": "pushed", "name": "x", "trusted": True}, "trusted"),
        ({"kind": "pushed", "name": "x", "sla": {"huge": 1}}, "sla"),
        ({"kind": "pushed", "name": "x", "rules": {"select": ["--push"]}}, "rules"),
        ({"kind": "pushed", "name": " "}, "name"),
    ],
)
def test_a_wrong_target_is_refused(api: Api, ann: str, given: dict[str, Any], told: str) -> None:
    answer = api.ask(ann, "POST", "/api/targets", json=given)
    assert answer.status_code == 422
    assert answer.json()["title"].startswith(told)
    assert api.ask(ann, "GET", "/api/targets").json() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "report: it is no JSON"),
        (b"[]", "report: is no object"),
        (b"[" * 5000, "report: it is nested"),
        (b'{"schema": "buckler-report/2"}', "schema"),
        (json.dumps(report(finding(1, fingerprint="x"))).encode(), "findings[0].fingerprint"),
        (json.dumps(report(finding(1, severity="huge"))).encode(), "findings[0].severity"),
        (json.dumps(report(finding(1), provisional="no")).encode(), "provisional"),
        (json.dumps(report({**finding(1), "location": 7})).encode(), "findings[0].location"),
    ],
)
def test_a_wrong_report_is_refused_with_its_field(
    api: Api, ann: str, body: bytes, told: str
) -> None:
    shop = pushed(api, ann, finding(1))
    answer = api.ask(ann, "POST", f"/api/targets/{shop}/reports", content=body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["title"].startswith(told) or answer.status_code == 400
    assert len(api.ask(ann, "GET", "/api/scans").json()) == 1


def test_a_link_signs_in_once(api: Api) -> None:
    _, path = api.client.portal.call(administrator, api.client.app)  # type: ignore[union-attr]
    assert api.client.get("/api/status").status_code == 401
    assert api.client.get(path, follow_redirects=False).status_code == 303
    assert api.client.get("/api/status").json()["workers"] == []
    api.client.cookies.clear()
    assert api.client.get(path, follow_redirects=False).status_code == 404
    assert api.client.get("/sign-in/anything", follow_redirects=False).status_code == 404


def test_a_channel_shows_no_secret(api: Api, ann: str) -> None:
    options = {"url": "https://203.0.113.9/very-secret", "secrets": "whsec_" + "A" * 43 + "="}
    given = {"name": "hook", "kind": "webhook", "options": options}
    answer = api.ask(ann, "POST", "/api/channels", json=given)
    assert (answer.status_code, answer.json()["title"][:4]) == (422, "url:")
    options["url"] = "https://1.1.1.1/very-secret"
    made = api.ask(ann, "POST", "/api/channels", json=given)
    assert made.status_code == 201, made.text
    listed = api.ask(ann, "GET", "/api/channels")
    assert len(listed.json()) == 1
    assert "very-secret" not in made.text + listed.text
    assert "whsec" not in made.text + listed.text
    bob = api.key("bob", "analyst")
    assert api.ask(bob, "GET", "/api/channels").json() == []
    path = f"/api/channels/{made.json()['id']}"
    assert api.ask(bob, "DELETE", path).status_code == 404
    assert api.ask(bob, "POST", f"{path}/test").status_code == 404
    assert api.ask(ann, "DELETE", path).status_code == 204


def test_only_accounts_are_named(api: Api, ann: str, name: str) -> None:
    pushed(api, ann, finding(1))
    found = api.ask(ann, "GET", "/api/findings").json()["findings"][0]["id"]
    reason = {"reason": "looked at by hand", "until": time.time() + 86_400}
    accepted = {"what": "accept", **reason, "by": "zoe"}
    for method, path, body in (
        ("PUT", f"/api/findings/{found}/assignee", {"version": 1, "assignee": "zoe"}),
        ("POST", f"/api/findings/{found}/decision", {"version": 1, **accepted}),
        ("POST", "/api/findings/decisions", {"findings": {found: 1}, **accepted}),
        ("POST", "/api/findings/edits", {"findings": {found: 1}, "decision": accepted}),
        ("POST", "/api/findings/edits", {"findings": {found: 1}, "assignee": "zoe"}),
    ):
        answer = api.ask(ann, method, path, json=body)
        assert (answer.status_code, "no account" in answer.text) == (422, True), (path, answer.text)
    body = {"version": 1, "assignee": api.account(name)}
    assert api.ask(ann, "PUT", f"/api/findings/{found}/assignee", json=body).status_code == 200

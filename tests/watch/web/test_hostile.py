"""What strangers put into reports, names and reasons, what other sites send, and what is somebody else's."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from buckler.watch import ingest
from buckler.watch.db import alerts
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.reports import document, sarif
from tests.watch.web.site import OPERATIONS, TOKEN, Browser, Site, full, made
from tests.watch.web.test_forms import WHY, accept
from tests.watch.web.test_pages import pages

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\u202e"
"""Breaks out of text, of attributes in either quote, of templates, and of the direction of the line."""


class Tags(HTMLParser):
    """What a browser would make of a page: tags and attributes that nobody of ours wrote."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append(f"<{tag} {given}>")
        if tag == "img" or any(name.startswith("on") or name == "style" for name in given):
            self.found.append(f"<{tag} {given}>")
        for name in ("href", "src", "action"):
            if (given.get(name) or "").split(":")[0].strip().lower() in ("javascript", "data"):
                self.found.append(f"<{tag} {name}={given[name]}>")


def hostile(number: int) -> dict[str, Any]:
    """A finding with something hostile in each of its fields."""
    proof = [
        {
            "kind": "exchange",
            "request": {
                "method": EVIL,
                "url": EVIL,
                "headers": [[EVIL, EVIL]],
                "body": EVIL,
                "identity": EVIL,
            },
            "response": {"status": 200, "headers": [[EVIL, EVIL]], "body": EVIL, "error": EVIL},
            "curl": EVIL,
            "mark": EVIL[:9],
            "shows": EVIL,
        },
        {
            "kind": "sink",
            "call": EVIL,
            "argument": [EVIL, EVIL],
            "mark": "alert",
            "stack": [{"path": EVIL, "line": 1, "function": EVIL}] * 2,
        },
        {"kind": "flow", "steps": [{"text": EVIL, "path": EVIL, "line": 2, "code": EVIL}]},
        {"kind": EVIL, EVIL: EVIL, "url": "javascript:alert(1)"},
        {
            "kind": "matrix",
            "identity": EVIL,
            "operation": f"GET /{EVIL}",
            "object": EVIL,
            "status": 200,
            "expected": EVIL,
        },
    ]
    place = {"path": EVIL, "line": 3, "operation": f"GET /{EVIL}", "slot": EVIL}
    return made.finding(
        number,
        title=EVIL,
        message=EVIL,
        subject=EVIL,
        location=place,
        control=EVIL,
        asvs=[EVIL],
        proof=proof,
        excerpt=[{"line": 3, "text": EVIL, "marked": True}],
        fix={"summary": EVIL, "before": EVIL, "after": f"{EVIL}2", "safe": False},
    )


COVERAGE = {
    **OPERATIONS,
    "by_operation": [
        {
            "operation": EVIL,
            "reached": False,
            "authenticated": False,
            "slots": 1,
            "attacked": 0,
            "identity": EVIL,
            "status": 200,
            "why": EVIL,
        }
    ],
    "packages": {
        "date": EVIL[:40],
        "pins": [{"name": EVIL, "version": EVIL, "places": [[EVIL, 1]], "way": [EVIL]}],
    },
}


def test_nothing_that_a_stranger_wrote_becomes_part_of_a_page(web: Site, ann: Browser) -> None:
    target = web.target(ann, hostile(1), name=EVIL, coverage=COVERAGE)
    found = web.findings(target)[0]
    path = f"/findings/{found.id}"
    assert ann.post(f"{path}/comment", path, text=EVIL).status_code == 303
    assert ann.post(f"{path}/decision", path, **accept(reason=f"{WHY} {EVIL}")).status_code == 303
    channel = {
        "name": EVIL[:100],
        "kind": "email",
        "options": {"host": EVIL, "recipients": [EVIL], "sender": EVIL},
        "sealed": "",
        "filters": {"rules": [EVIL]},
        "quiet": None,
        "digest": 0.0,
    }
    with web.service.database.write() as connection:
        alerts.add_channel(connection, Caller(ann.id), channel)
    shown = 0
    for page in [
        *pages(web, target),
        f"/targets?q={EVIL}",
        f"/findings?rule={EVIL[:80]}",
        f"/packages?name={EVIL}",
    ]:
        answer = ann.get(page)
        assert answer.status_code == 200, (page, answer.text[:300])
        assert Tags(answer.text).found == [], page
        assert "\u202e" not in answer.text, page
        shown += answer.text.count("&lt;script&gt;alert(1)")
    assert shown > 60  # it stands there, as text
    for wrong in ("/targets/none", f"/scans/{EVIL}", f"/users/{EVIL}", f"/sign-in?next={EVIL}"):
        assert Tags(ann.get(wrong).text).found == [], wrong


def test_what_other_tools_say_is_text_and_their_links_are_of_the_web(
    web: Site, ann: Browser
) -> None:
    rule = {
        "id": "X1",
        "shortDescription": {"text": EVIL},
        "help": {"text": EVIL},
        "helpUri": "javascript:alert(1)",
    }
    good = {"id": "X2", "shortDescription": {"text": "y"}, "helpUri": "https://rules.example/x2"}
    results = [
        {
            "ruleId": name,
            "message": {"text": EVIL},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": EVIL},
                        "region": {"startLine": 4, "snippet": {"text": EVIL}},
                    }
                }
            ],
        }
        for name in ("X1", "X2")
    ]
    report = {
        "version": "2.1.0",
        "runs": [
            {"tool": {"driver": {"name": "other", "rules": [rule, good]}}, "results": results}
        ],
    }
    body = json.dumps(report).encode()
    target = made.target(web.service.database, Caller(ann.id))
    ingest.push(web.service.database, SYSTEM, target, sarif.read(document.load(body)), body, 5000.0)
    texts = {row.rule: ann.get(f"/findings/{row.id}").text for row in web.findings(target)}
    assert all(Tags(text).found == [] for text in texts.values())
    assert "javascript:" not in texts["X1"]
    assert 'href="https://rules.example/x2"' in texts["X2"]


def test_what_is_somebody_elses_is_not_there(web: Site, ann: Browser) -> None:
    eve = web.somebody("eve", "analyst")
    target = web.target(ann, full(1), name="only-of-ann")
    found, scan = web.findings(target)[0], web.scan(target)
    said = f"/findings/{found.id}"
    assert ann.post(f"{said}/comment", said, text="said by ann").status_code == 303
    for path in (
        *(f"/targets/{target}{part}" for part in ("", "/packages", "/operations", "/settings")),
        *(f"/findings/{found.id}", f"/scans/{scan}", f"/findings?target={target}"),
    ):
        answer = eve.get(path)
        assert answer.status_code == 404, path
        assert "only-of-ann" not in answer.text
    for path in (
        "/",
        "/targets",
        "/findings",
        "/scans",
        "/packages",
        "/packages?name=star",
        "/alerts",
        "/audit",
    ):
        text = eve.get(path).text
        assert "only-of-ann" not in text, path
        assert found.id not in text, path
    for path, fields in (
        (f"/findings/{found.id}/decision", accept()),
        (f"/findings/{found.id}/assignee", {"take": "me", "version": "1"}),
        (f"/findings/{found.id}/comment", {"text": "hello"}),
        (f"/targets/{target}/settings", {"name": "mine", "version": "1", "zone": "UTC"}),
        (f"/targets/{target}/remove", {"sure": "yes", "version": "1"}),
        (f"/targets/{target}/scan", {}),
    ):
        assert eve.post(path, "/targets/new", **fields).status_code == 404, path
    many = {"what": "false_alarm", "reason": "looked at by hand", "finding": f"{found.id}:1"}
    assert "0 decided, 1 not" in eve.post("/findings", "/targets/new", **many).text
    assert web.findings(target)[0].version == 1
    assert "only-of-ann" in ann.get("/").text


def test_a_reader_reads(web: Site) -> None:
    reader = web.somebody("rita", "reader")
    target = web.target(reader, full(1))
    found = web.findings(target)[0]
    token = TOKEN.search(reader.get("/account/tokens").text)
    assert token is not None
    for path in ("/", f"/targets/{target}", f"/findings/{found.id}", "/findings"):
        text = reader.get(path).text
        assert re.findall(r'<form[^>]*method="post" action="(?!/auth/)', text) == [], path
    for path in (
        "/targets/new",
        "/findings",
        f"/findings/{found.id}/decision",
        f"/findings/{found.id}/comment",
        f"/targets/{target}/scan",
        f"/targets/{target}/settings",
        "/channels/new/slack",
        "/deliveries/again",
        "/users",
    ):
        answer = reader.client.post(
            path, data={"form": token[1], **accept()}, headers=reader.headers
        )
        assert answer.status_code == 403, path
    assert web.findings(target)[0].version == 1


def test_forms_of_other_sites_and_of_other_sessions_do_nothing(web: Site, ann: Browser) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    path = f"/findings/{found.id}"
    token = TOKEN.search(ann.get(path).text)
    other = TOKEN.search(web.somebody("eve", "analyst").get("/targets/new").text)
    assert token is not None and other is not None
    data = accept()
    for headers, given in (
        ({**ann.headers, "Sec-Fetch-Site": "cross-site"}, token[1]),
        ({**ann.headers, "Sec-Fetch-Site": "same-site"}, token[1]),
        (ann.headers, ""),
        (ann.headers, other[1]),
        (ann.headers, token[1][:-2] + "AA"),
    ):
        answer = web.client.post(f"{path}/decision", data={**data, "form": given}, headers=headers)
        assert answer.status_code == 403, headers
    assert web.findings(found.target_id)[0].version == 1


def test_every_form_has_a_token_or_is_guards(web: Site, ann: Browser, boss: Browser) -> None:
    target = web.target(ann, full(1))
    asked = 0
    for who, page in [(ann, p) for p in pages(web, target)] + [
        (boss, "/users"),
        (boss, f"/users/{ann.id}"),
    ]:
        for form in re.findall(r'<form[^>]*method="post".*?</form>', who.get(page).text, re.DOTALL):
            asked += 1
            assert 'action="/auth/' in form or TOKEN.search(form), (page, form[:100])
    assert asked > 40


@pytest.mark.parametrize(
    ("next", "to"),
    [
        ("/findings?state=all", "/findings?state=all"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/%2f%2fevil.example", "/"),
        ("/sign-in?next=/sign-in", "/"),
    ],
)
def test_the_sign_in_leads_nowhere_else(web: Site, next: str, to: str) -> None:
    text = web.client.get("/sign-in", params={"next": next}).text
    shown = re.search(r'name="next" value="([^"]*)"', text)
    assert shown is not None and shown[1] == to
    fields = {"name": "nobody", "password": "wrong password here", "next": next}
    answer = web.client.post("/auth/sign-in/form", data=fields, follow_redirects=False)
    assert "evil" not in answer.headers.get("location", "") or answer.headers[
        "location"
    ].startswith("/sign-in?")


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_and_back(web: Site) -> None:
    headers = {"Accept": "text/html"}
    answer = web.client.get("/findings?state=all", headers=headers, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=%2Ffindings%3Fstate%3Dall"
    sent = {**headers, "Referer": "https://testserver/targets/new"}
    answer = web.client.post("/targets/new", headers=sent, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=%2Ftargets%2Fnew"
    sent["Referer"] = "https://evil.example/targets/new"
    answer = web.client.post("/targets/new", headers=sent, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=%2F"
    assert web.client.get("/api/targets", headers=headers).status_code == 401


def test_the_policy_of_pages_lets_nothing_run_inside_them(web: Site, ann: Browser) -> None:
    for answer in (ann.get("/"), web.client.get("/sign-in"), ann.get("/targets/none")):
        policy = answer.headers["content-security-policy"]
        parts = dict(
            part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip()
        )
        assert parts["default-src"] == "'none'"
        assert parts["script-src"] == parts["style-src"] == parts["form-action"] == "'self'"
        assert parts["frame-ancestors"] == parts["base-uri"] == "'none'"
        assert "no-store" in answer.headers["cache-control"]
    style = re.search(r'href="(/static/[^"]+watch\\.css)"'.replace("\\\\", "\\"), ann.get("/").text)
    assert style is not None
    kept = web.client.get(style[1])
    assert kept.headers["content-type"].startswith("text/css")
    assert "immutable" in kept.headers["cache-control"]
    for path in (
        "/static/x/vendor/%2e%2e/%2e%2e/pages.py",
        "/static/x/vendor/%2e%2e/%2e%2e/static/../templates/base.html",
        "/static/x/.%2f../pages.py",
        "/static/x/package.json",
    ):
        assert web.client.get(path).status_code == 404, path

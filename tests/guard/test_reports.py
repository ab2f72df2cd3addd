"""Reports of browsers are taken, kept, counted and told, in both formats, and bounded."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from fastapi import FastAPI

from buckler.guard import (
    ContentSecurityPolicy,
    Guard,
    GuardError,
    HeaderPolicy,
    Reports,
    with_policy,
)
from tests.guard.asgi import get, post

# As CSP level 3, 5.3 has it, and as the Reporting API, with the fields of CSP level 3, 5.2.
OLD = {
    "csp-report": {
        "document-uri": "http://example.org/page.html?session=1",
        "referrer": "http://evil.example.com/haxor.html",
        "blocked-uri": "http://evil.example.com/image.png",
        "violated-directive": "img-src 'self'",
        "effective-directive": "img-src",
        "original-policy": "default-src 'self'; report-uri /csp-reports",
        "disposition": "report",
        "line-number": 12,
        "source-file": "http://example.org/a.js?token=abc",
    }
}
NEW = [
    {
        "age": 10,
        "type": "csp-violation",
        "url": "https://example.org/page",
        "user_agent": "x",
        "body": {
            "blockedURL": "inline",
            "disposition": "enforce",
            "documentURL": "https://example.org/page",
            "effectiveDirective": "script-src-elem",
            "lineNumber": 121,
            "sourceFile": "https://example.org/page",
        },
    },
    {"age": 1, "type": "deprecation", "url": "https://example.org/", "body": {"id": "x"}},
]


def shop(events: Any = None) -> tuple[FastAPI, Reports]:
    app = FastAPI()
    guard = Guard(app, "site", events=events, csp_reports="/csp-reports")
    assert guard.reports is not None
    return app, guard.reports


def test_both_formats_are_kept_once_and_counted() -> None:
    events: list[Any] = []
    app, reports = shop(events.append)
    for _ in range(2):
        old = post(
            app,
            "/csp-reports",
            json.dumps(OLD).encode(),
            {"content-type": "application/csp-report"},
        )
        assert (old.status, old.body) == (204, b"")
    new = post(
        app, "/csp-reports", json.dumps(NEW).encode(), {"content-type": "application/reports+json"}
    )
    assert new.status == 204
    kept = [
        (v.directive, v.blocked, v.page, v.source, v.line, v.disposition, n) for v, n in reports
    ]
    assert kept == [
        (
            "img-src",
            "http://evil.example.com",
            "/page.html",
            "http://example.org/a.js",
            12,
            "report",
            2,
        ),
        ("script-src-elem", "inline", "/page", "https://example.org/page", 121, "enforce", 1),
    ]
    told = [event.reason for event in events if event.kind == "browser.policy_violated"]
    assert told == ["img-src", "script-src-elem"]


def test_pages_say_where_to_report() -> None:
    app, _ = shop()
    answer = get(app, "/none")
    assert answer.header("reporting-endpoints") == 'csp="/csp-reports"'
    policy = answer.header("content-security-policy") or ""
    assert "report-uri /csp-reports; report-to csp" in policy


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 204),
        (b"nonsense", 204),
        (b"[" * 5000, 400),
        (b'{"csp-report": []}', 204),
        (b'[{"type": "csp-violation", "body": {"lineNumber": "x", "blockedURL": 7}}]', 204),
        (b'{"csp-report": {"blocked-uri": "http://[::1"}}', 204),
        (b'{"a": "' + b"x" * 100_000 + b'"}', 413),
    ],
)
def test_nonsense_is_taken_calmly(body: bytes, status: int) -> None:
    app, _ = shop()
    answer = post(app, "/csp-reports", body, {"content-type": "application/csp-report"})
    assert (answer.status, answer.error) == (status, None)


def test_other_types_and_floods_are_refused() -> None:
    app, reports = shop()
    assert post(app, "/csp-reports", b"{}", {"content-type": "text/html"}).status == 415
    kind = {"content-type": "application/csp-report"}
    statuses = [post(app, "/csp-reports", b"{}", kind).status for _ in range(61)]
    assert statuses[-1] == 429
    small = Reports(most=3)
    for number in range(10):
        body = {"csp-report": {"effective-directive": f"d{number}"}}
        from buckler.guard.headers.reports import read

        for violation in read(json.dumps(body).encode()):
            small.add(violation)
    assert [v.directive for v, _ in small] == ["d7", "d8", "d9"]
    assert list(reports) == []


def test_a_wrong_path_is_an_error() -> None:
    with pytest.raises(GuardError, match="no path"):
        Guard(FastAPI(), csp_reports='x"; evil')


def report(app: FastAPI, *bodies: dict[str, Any], **more: Any) -> None:
    content = json.dumps([{"type": "csp-violation", "body": body} for body in bodies]).encode()
    answer = post(
        app, "/csp-reports", content, {"content-type": "application/reports+json"}, **more
    )
    assert answer.status == 204


def violations(events: list[Any]) -> list[Any]:
    return [event for event in events if event.kind == "browser.policy_violated"]


def test_the_reason_of_an_event_is_never_the_callers_text() -> None:
    events: list[Any] = []
    app, reports = shop(events.append)
    bad = "script-src-x\nlevel=error user=admin signed in\u202e"
    names = (bad, "script-src 'self'", "SANDBOX", "")
    report(
        app, *({"effectiveDirective": name, "documentURL": "https://a/" + name} for name in names)
    )
    assert [event.reason for event in violations(events)] == [
        "other",
        "script-src",
        "other",
        "other",
    ]
    assert not any("\n" in str(event) or "\u202e" in str(event) for event in events)
    assert len(list(reports)) == 4


def test_what_is_secret_in_an_address_is_not_kept() -> None:
    app, reports = shop()
    report(
        app,
        {
            "effectiveDirective": "script-src",
            "blockedURL": "https://ann:secret@cdn.example/x?key=secret",
            "documentURL": "https://shop.example/page?key=secret",
            "sourceFile": "https://ann:secret@shop.example/a.js?key=secret#secret",
        },
        {"blockedURL": "data:text/html,secret", "sourceFile": "chrome-extension"},
        {"blockedURL": "a secret of mine"},
    )
    kept = [(v.blocked, v.page, v.source) for v, _ in reports]
    assert kept == [
        ("https://cdn.example", "/page", "https://shop.example/a.js"),
        ("data", "", "chrome-extension"),
        ("", "", ""),
    ]


def test_a_flood_of_new_violations_is_counted_and_not_told() -> None:
    events: list[Any] = []
    app = FastAPI()
    reports = Reports(events="20/10 seconds")
    Guard(app, "site", events=events.append, csp_reports=reports)
    for caller in range(10):
        report(
            app,
            *({"blockedURL": f"https://{caller}-{n}.example"} for n in range(20)),
            client=f"203.0.113.{caller}",
        )
    assert len(list(reports)) == 200
    assert 20 <= len(violations(events)) < 100
    time.sleep(0.6)
    report(app, {"blockedURL": "https://late.example"})
    told = violations(events)
    assert told[-1].detail["blocked"] == "https://late.example"
    assert told[-1].detail["untold"] > 0
    assert len(told) + sum(event.detail.get("untold", 0) for event in told) == 201


def test_thirty_are_told_at_once_where_nothing_is_said() -> None:
    events: list[Any] = []
    app, _ = shop(events.append)
    for caller in range(3):
        report(
            app,
            *({"blockedURL": f"https://{caller}-{n}.example"} for n in range(20)),
            client=f"203.0.113.{caller}",
        )
    assert len(violations(events)) == 30


def paged(**options: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/own")
    @with_policy(content_security_policy=ContentSecurityPolicy(default_src=("'self'",)))
    async def own() -> dict[str, int]:
        return {}

    @app.get("/elsewhere")
    @with_policy(content_security_policy=ContentSecurityPolicy(report_uri="https://r.example/x"))
    async def elsewhere() -> dict[str, int]:
        return {}

    @app.get("/off")
    @with_policy(content_security_policy=None)
    async def off() -> dict[str, int]:
        return {}

    Guard(app, "site", csp_reports="/csp-reports", **options)
    return app


@pytest.mark.parametrize("path", ["/own", "/docs", "/none"])
def test_every_policy_says_where_to_report(path: str) -> None:
    answer = get(paged(), path)
    assert answer.header("reporting-endpoints") == 'csp="/csp-reports"'
    policy = answer.header("content-security-policy") or ""
    assert policy.endswith("report-uri /csp-reports; report-to csp")


def test_a_route_may_report_elsewhere_or_have_no_policy() -> None:
    policy = get(paged(), "/elsewhere").header("content-security-policy") or ""
    assert "report-uri https://r.example/x" in policy
    off = get(paged(), "/off")
    assert off.header("content-security-policy") is None
    assert off.header("reporting-endpoints") is None


@pytest.mark.parametrize("where", ["server", "mount"])
def test_reports_go_below_the_root_path(where: str) -> None:
    top, more = paged(), {"root_path": "/api/v1"}  # as uvicorn has it: the path has it, too
    if where == "mount":
        app, top, more = top, FastAPI(), {}
        top.mount("/api/v1", app)
    answer = get(top, "/api/v1/own", **more)
    assert answer.header("reporting-endpoints") == 'csp="/api/v1/csp-reports"'
    policy = answer.header("content-security-policy") or ""
    assert "report-uri /api/v1/csp-reports;" in policy
    # And there somebody listens.
    kind = {"content-type": "application/csp-report"}
    body = json.dumps(OLD).encode()
    assert post(top, "/api/v1/csp-reports", body, kind, **more).status == 204


def test_a_root_path_of_the_callers_is_quoted() -> None:
    top = FastAPI()
    top.mount("/{tenant}", paged())
    answer = get(top, "/a;b, c\"'\r\nx:y/own")
    place = "/a%3Bb%2C%20c%22%27%0D%0Ax%3Ay/csp-reports"
    assert answer.header("reporting-endpoints") == f'csp="{place}"'
    assert f"report-uri {place};" in (answer.header("content-security-policy") or "")
    top = FastAPI()
    top.mount("/{tenant:path}/shop", paged())
    answer = get(top, "//evil.example/shop/own")
    assert answer.header("reporting-endpoints") == 'csp="/evil.example/shop/csp-reports"'


def test_rates_are_counted_whatever_the_root_path() -> None:
    app = paged(rate="2/hour")
    answers = [get(app, f"/{root}/own", root_path=f"/{root}").status for root in "abc"]
    assert answers == [200, 200, 429]


def test_endpoints_of_the_application_s_own_stay() -> None:
    app = FastAPI()
    headers = HeaderPolicy(extra={"Reporting-Endpoints": 'main="https://r.example/"'})
    Guard(app, headers=headers, csp_reports="/csp-reports")
    assert get(app).values("reporting-endpoints") == [
        'main="https://r.example/", csp="/csp-reports"'
    ]

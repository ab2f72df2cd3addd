"""Reports of browsers are taken, kept, counted and told, in both formats, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI

from buckler.guard import Guard, GuardError, Reports
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

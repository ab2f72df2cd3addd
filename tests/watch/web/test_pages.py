"""Every page as somebody without script sees it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from buckler.watch.db import scans
from buckler.watch.interface import SYSTEM, Caller
from tests.watch.web.site import MARK, OPERATIONS, Browser, Site, full, made


def pages(web: Site, target_id: str) -> list[str]:
    finding, scan = web.findings(target_id)[0].id, web.scan(target_id)
    return [
        "/",
        "/targets",
        "/targets/new",
        f"/targets/{target_id}",
        f"/targets/{target_id}/packages",
        f"/targets/{target_id}/operations",
        f"/targets/{target_id}/access",
        f"/targets/{target_id}/settings",
        "/events",
        f"/events?target={target_id}",
        "/findings",
        f"/findings?target={target_id}&state=all",
        f"/findings/{finding}",
        "/scans",
        f"/scans/{scan}",
        "/packages",
        "/packages?name=starlette",
        "/alerts",
        "/channels",
        "/channels/new/webhook",
        "/channels/new/slack",
        "/channels/new/email",
        "/channels/new/syslog",
        "/channels/new/apprise",
        "/deliveries",
        "/account",
        "/account/tokens",
        "/audit",
    ]


def test_every_page_answers(web: Site, ann: Browser) -> None:
    target_id = web.target(ann, full(1), made.finding(2))
    for path in pages(web, target_id):
        answer = ann.get(path)
        assert answer.status_code == 200, (path, answer.text[:500])
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.text.count("<h1>") == 1, path


@pytest.mark.parametrize("path", ["/users", "/settings"])
def test_pages_of_administrators_are_theirs(
    web: Site, ann: Browser, boss: Browser, path: str
) -> None:
    assert ann.get(path).status_code == 403
    assert boss.get(path).status_code == 200
    assert f'href="{path}"' not in ann.get("/").text
    assert f'href="{path}"' in boss.get("/").text


def test_a_finding_shows_what_its_report_brought(web: Site, ann: Browser) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    text = ann.get(f"/findings/{found.id}").text
    assert f"<mark>{MARK}</mark>" in text
    for part in ("q comes from the query", "def test_inj001_get_products", "+a = &#39;:q&#39;"):
        assert part in text, part
    assert "CWE-89" in text


@pytest.mark.parametrize("path", ["/", "/targets/{}"], ids=["overview", "target"])
def test_a_page_that_waited_for_a_scan_shows_what_it_found(
    web: Site, ann: Browser, path: str
) -> None:
    database, target_id = web.service.database, web.target(ann, made.finding(2, severity="high"))
    page = path.format(target_id)
    with database.write() as connection:
        scan, _ = scans.request(connection, SYSTEM, target_id, time.time())
        attempt = scans.begin(connection, scan, "w", time.time())
        assert attempt is not None
    web.app.state.web.figures.forget()  # of the tests before
    waits = ann.get(page).text
    assert 'id="running"' in waits and "hx-get" in waits
    assert ">1 open finding<" in waits
    made.push(
        database, target_id, made.report(full(1), made.finding(2, severity="high")), time.time()
    )
    with database.write() as connection:
        scans.end(connection, scan, attempt, "done", {"ended_at": time.time()})
    text = ann.get(page).text
    assert "hx-get" not in text
    assert ">2 open findings<" in text


@pytest.mark.parametrize("kind", ["git", "pushed"])
@pytest.mark.parametrize("coverage", [{"by_operation": [], "gaps": []}, OPERATIONS])
def test_a_target_whose_application_was_not_run_says_so_beside_its_grade(
    web: Site, ann: Browser, kind: str, coverage: dict[str, object]
) -> None:
    database = web.service.database
    place = "https://code.example/shop.git" if kind == "git" else ""
    target_id = made.target(database, Caller(ann.id), kind=kind, location=place)
    made.push(database, target_id, made.report(made.finding(2), coverage=coverage), time.time())
    text = ann.get(f"/targets/{target_id}").text
    said = kind == "git" and coverage is not OPERATIONS
    assert ("its application is not run" in text) is said
    assert (f'<a href="/targets/{target_id}/operations">How to run it</a>' in text) is said


def test_settings_say_where_advisories_are_missing(
    web: Site, boss: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index.sqlite"
    monkeypatch.setenv("BUCKLER_ADVISORIES", str(index))
    assert f"none at {index} yet: buckler advisories update" in boss.get("/settings").text
    index.touch()
    assert f"<dd>{index}</dd>" in boss.get("/settings").text

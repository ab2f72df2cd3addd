"""What is found on a site with holes, and that nothing is on one without."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from buckler.core.finding import Confidence
from buckler.core.settings import IdentitySettings, Settings
from buckler.guard import Guard
from buckler.scan import formats
from tests.scan.live import holes
from tests.scan.live.serving import found, look, serve


@pytest.fixture(scope="module")
def site():
    with serve(holes.app) as url:
        yield url


@pytest.fixture(scope="module")
def report(site):
    alice = IdentitySettings("alice", headers={"Authorization": "Bearer of-alice"})
    return look(site, Settings(identities=(alice,)))


def finding(report, rule: str, operation: str = ""):
    return next(
        f for f in report.findings if f.rule == rule and operation in (f.location.operation or "")
    )


@pytest.mark.parametrize(
    ("rule", "operation", "confidence"),
    [
        ("INJ010", "GET /hello", Confidence.PROVED),
        ("INJ011", "GET /go", Confidence.PROVED),
        ("INJ001", "GET /goods", Confidence.SUSPECTED),
        ("INJ004", "GET /read", Confidence.PROVED),
        ("INJ017", "GET /invite", Confidence.PROVED),
        ("ACC001", "GET /customers", Confidence.PROVED),
        ("CFG001", "", Confidence.PROVED),
        ("CFG004", "GET /", Confidence.PROVED),
        ("ERR002", "GET /goods", Confidence.PROVED),
        ("ERR001", "POST /accounts", Confidence.PROVED),
        ("EXP001", "", Confidence.OBSERVED),
        ("EXP004", "GET /.env", Confidence.PROVED),
        ("EXP004", "GET /.git/HEAD", Confidence.PROVED),
        ("HDR001", "", Confidence.OBSERVED),
        ("HDR003", "", Confidence.OBSERVED),
        ("HDR004", "", Confidence.OBSERVED),
        ("HDR006", "", Confidence.OBSERVED),
    ],
)
def test_each_hole_is_found(report, rule: str, operation: str, confidence: Confidence) -> None:
    seen = [f for f in report.findings if f.rule == rule]
    assert (operation, confidence) in [(f.location.operation or "", f.confidence) for f in seen]


def test_only_the_app_process_would_know_the_rest(report) -> None:
    rules = {f.rule for f in report.findings}
    assert not {"TRA001", "ACC003", "ACC010", "CFG006"} & rules


def test_a_proof_goes_to_the_site_itself(report, site) -> None:
    proof = finding(report, "INJ010").proof[0].data
    assert f"'{site}/hello?" in proof["curl"]
    assert proof["request"]["scheme"] == "http"


def test_secrets_of_a_file_stand_in_no_report(report) -> None:
    text = formats.by_name("json").render(report)
    assert "DB_PASSWORD=" in text
    assert "correct-horse-battery" not in text


@pytest.mark.parametrize("name", ["html", "json", "sarif", "markdown", "junit", "text"])
def test_every_format_has_it(report, name: str) -> None:
    assert "GET /customers" in formats.by_name(name).render(report)


def test_a_page_and_a_table_are_made_of_it(report) -> None:
    assert "GET /customers" in formats.by_name("html").render(report)
    assert "buckler fix" not in formats.by_name("text").render(report)


def test_nothing_that_changes_data_is_sent(report) -> None:
    assert not [line for line in holes.sent if line.startswith(("DELETE", "PUT", "PATCH"))]
    assert "GET /log-out" not in holes.sent
    missed = {gap.what: gap.how_to_include for gap in report.coverage.gaps}
    assert missed["POST /accounts"] == missed["DELETE /goods"] == "--writes"


def test_a_visitor_sends_no_attack(site) -> None:
    holes.sent.clear()
    report = look(site, permitted=False)
    assert {line.partition(" ")[0] for line in holes.sent} <= {"GET", "OPTIONS"}
    assert "GET /.env" not in holes.sent
    assert not {"INJ010", "INJ011", "INJ001", "EXP004", "ERR001"} & {
        f.rule for f in report.findings
    }
    assert "attacks" in [gap.what for gap in report.coverage.gaps]


def guarded() -> FastAPI:
    app = FastAPI(title="Guarded", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/", response_class=HTMLResponse)
    def start() -> str:
        return "<title>Guarded</title><a href='/goods?q=pear'>goods</a>"

    @app.get("/goods", response_class=HTMLResponse)
    def goods(q: str = "") -> str:
        return f"<p>{len(q)} letters</p><form action='/goods'><input name='q'></form>"

    Guard(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"])
    return app


def test_nothing_is_found_on_a_guarded_site() -> None:
    with serve(guarded()) as url:
        report = look(url)
    assert found(report) == set()
    assert report.score.grade == "A+"
    assert {item.operation for item in report.coverage.operations} == {"GET /", "GET /goods"}
    assert all(item.reached for item in report.coverage.operations)


def test_a_site_that_answers_everything_fools_nobody() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/{path:path}", response_class=HTMLResponse)
    def anything(path: str) -> str:
        return "<title>One page</title><div id='app'></div><script src='/app.js'></script>"

    Guard(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"])
    with serve(app) as url:
        report = look(url)
    assert found(report) == set()


def test_what_only_somebody_signed_in_is_shown_is_found_and_not_called_open() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def gate(request, call_next):
        if request.headers.get("authorization") != "Bearer of-alice":
            return Response(status_code=401)
        return await call_next(request)

    @app.get("/goods")
    def goods() -> list[str]:
        return ["pear"]

    alice = IdentitySettings("alice", headers={"Authorization": "Bearer of-alice"})
    with serve(app) as url:
        report = look(url, Settings(identities=(alice,)))
    assert {o.operation: o.identity for o in report.coverage.operations} == {"GET /goods": "alice"}
    assert "EXP001" not in {f.rule for f in report.findings}
    assert "HDR006" in {f.rule for f in report.findings}
    assert "of-alice" not in formats.by_name("json").render(report)

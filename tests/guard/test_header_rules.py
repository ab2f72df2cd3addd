"""The bare application and the guarded one, graded by the header rules of scan.

Scan sends what it sends; what it has no reason to send (a HEAD, a host that is refused, http) is asked for here, and
judged by the same rules.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buckler.core.registry import Registry
from buckler.core.report import Report
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from tests.conftest import scan_folder
from tests.guard.asgi import ask

PRESETS = ("api", "site", "strict")
SELECT = ("HDR", "TRA001", "CFG004")
KINDS = {
    *("200", "html", "redirect", "static", "docs", "host"),
    *("401", "403", "404", "405", "413", "422", "500"),
}
DOCS = re.compile(r"/(docs|redoc|openapi\.json)")
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
GUARD = """
from buckler.guard import ContentSecurityPolicy, Cors, Guard, HeaderPolicy

guard = Guard(app, {preset!r}, hosts=["shop.example", "testserver"], cors=Cors(["https://www.shop.example"]){more})
"""
SETTINGS = """
[tool.buckler]
rules = ["rules"]
exclude-files = ["rules/*"]

[tool.buckler.identities]
alice.header = "Authorization: Bearer alice-token-1"
carol.header = "X-Shop: carol-key-1"
dave.header = "X-Key: dave-key-1"
"""
WITNESS = '''
from buckler.core.finding import Confidence, Location, Severity
from buckler.core.rule import Example, Rule


class KindsSeen(Rule):
    """Tells which kinds of answer a scan looked at.

    ## What it is
    A list.
    ## Why it matters
    What was not looked at was not judged.
    ## How to fix
    Not at all.
    ## How to check
    Look.
    ## Roll-out
    None.
    ## References
    None.
    """

    id = "HDR900"
    name = "kinds-seen"
    title = "Kinds seen"
    severity = Severity.INFO
    cwe = (1059,)
    owasp = ("A02:2025",)
    bad = (Example("x = 1"),)
    good = (Example("y = 1"),)

    def check_observations(self, app, seen):
        yield self.found(" ".join(sorted(seen.kinds)), confidence=Confidence.OBSERVED, location=Location())
'''
Write = Callable[..., Path]


def written(project: Write, preset: str | None, more: str = "") -> Path:
    guard = "" if preset is None else GUARD.format(preset=preset, more=more)
    source = Path(__file__).with_name("every_answer.py").read_text(encoding="utf-8")
    return project(
        {
            "main.py": source + guard,
            "templates/page.html": '<!doctype html><script nonce="{{ nonce }}">let a = 1</script>',
            "files/a.css": "p{}",
            "rules/kinds_seen.py": WITNESS,
            "pyproject.toml": SETTINGS,
        }
    )


def scanned(folder: Path) -> tuple[Report, set[str]]:
    """The report of the header rules, and the kinds of answer that they were given."""
    report = scan_folder(folder, select=SELECT)
    assert not report.failed, report.failed
    (kinds,) = (set(f.message.split()) for f in report.findings if f.rule == "HDR900")
    return report, kinds


def test_scan_of_the_bare_application_finds_what_is_missing(project: Write) -> None:
    report, kinds = scanned(written(project, None))
    assert {f.rule for f in report.findings} - {"HDR900"} == {
        *("CFG004", "HDR001", "HDR003", "HDR004", "HDR005", "HDR006", "TRA001"),
    }
    missing = [f.message for f in report.findings if "missing" in f.message]
    assert len(missing) == 5
    assert all("every answer" in message for message in missing), missing
    (personal,) = (f.message for f in report.findings if f.rule == "HDR006")
    assert "GET /me, GET /me/by-key, GET /me/by-own-key have" in personal
    assert kinds >= KINDS - {"413"}
    assert all(one.reached for one in report.coverage.operations)


@pytest.mark.parametrize("preset", PRESETS)
def test_scan_of_the_guarded_application_finds_nothing(project: Write, preset: str) -> None:
    report, kinds = scanned(written(project, preset))
    assert [f.message for f in report.findings if f.rule != "HDR900"] == []
    assert kinds >= KINDS
    # Guard serves the documentation by routes of its own, which are operations, too.
    operations = [o for o in report.coverage.operations if not DOCS.search(o.operation)]
    assert len(operations) == 18
    assert [one.operation for one in operations if not one.reached] == []
    personal = {
        o.operation: o.identity for o in operations if f"{o.operation}/".startswith("GET /me/")
    }
    assert personal == {
        "GET /me": "alice",
        "GET /me/by-key": "carol",
        "GET /me/by-own-key": "dave",
    }


@dataclass(frozen=True, slots=True)
class Case:
    """A request, what kind of answer it brings, and with which status under guard."""

    kind: str
    status: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    query: bytes = b""
    times: int = 1

    @property
    def name(self) -> str:
        return f"{self.method} {self.path} {self.status}"


JSON = (("content-type", "application/json"),)
FOREIGN = (("origin", "https://evil.example"), ("cookie", "session=1"))
ASKS = (("origin", "https://www.shop.example"), ("access-control-request-method", "GET"))
CASES = (
    Case("200", 200, "GET", "/items/1"),
    Case("200", 200, "POST", "/items", JSON, b'{"name": "spade", "price": 1}'),
    Case("html", 200, "GET", "/page"),
    Case("html", 200, "GET", "/template"),
    Case("redirect", 307, "GET", "/old"),
    Case("redirect", 307, "GET", "/page/"),
    Case("redirect", 307, "GET", "/inner"),
    Case("404", 404, "GET", "/nowhere"),
    Case("404", 404, "GET", "/static/none.css"),
    Case("404", 404, "GET", "/inner/none"),
    Case("405", 405, "DELETE", "/items/1"),
    Case("405", 405, "HEAD", "/page"),
    Case("405", 405, "OPTIONS", "/items/1"),
    Case("422", 422, "GET", "/items/x"),
    Case("422", 422, "POST", "/items", JSON, b"{}"),
    Case("500", 500, "GET", "/fails"),
    Case("500", 500, "GET", "/fails", (("accept", "text/html"),)),
    Case("500", 500, "GET", "/inner/fails"),
    Case("403", 403, "GET", "/members"),
    Case("200", 200, "GET", "/stream"),
    Case("200", 200, "GET", "/file"),
    Case("200", 206, "GET", "/file", (("range", "bytes=0-1"),)),
    Case("200", 204, "GET", "/nothing"),
    Case("200", 200, "GET", "/text"),
    Case("200", 200, "GET", "/inner/x"),
    Case("static", 200, "GET", "/static/a.css"),
    Case("static", 200, "HEAD", "/static/a.css"),
    Case("redirect", 304, "GET", "/static/a.css", (("if-modified-since", LATER),)),
    Case("login", 200, "POST", "/session"),
    Case("401", 401, "GET", "/me"),
    Case("401", 401, "GET", "/me/by-key"),
    Case("200", 200, "GET", "/me", (("authorization", "Bearer alice-token-1"),)),
    Case("200", 200, "GET", "/me/by-key", (("x-shop", "carol-key-1"),)),
    Case("200", 200, "GET", "/me/by-own-key", (("x-key", "dave-key-1"),)),
    Case("docs", 200, "GET", "/docs"),
    Case("docs", 200, "GET", "/docs/oauth2-redirect"),
    Case("docs", 200, "GET", "/redoc"),
    Case("docs", 200, "GET", "/openapi.json"),
    Case("docs", 200, "GET", "/inner/docs"),
    Case("200", 204, "OPTIONS", "/items/1", ASKS),
    Case("200", 200, "GET", "/items/1", ASKS[:1]),
    Case("413", 413, "POST", "/items", JSON, b'"' + b"x" * 1_100_000 + b'"'),
    Case("429", 429, "GET", "/seldom", times=2),
    Case("400", 400, "GET", "/items/1", (("host", "evil.example"),)),
    Case("400", 400, "POST", "/items", JSON, b"[" * 40 + b"]" * 40),
    Case("403", 403, "POST", "/session", FOREIGN),
    Case("414", 414, "GET", "/items/1", query=b"q=" + b"x" * 9000),
    Case("431", 431, "GET", "/items/1", tuple((f"x-{n}", "1") for n in range(120))),
)


def application(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("every_answer_main", folder / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # FastAPI looks up annotations there
    spec.loader.exec_module(module)
    return module.app


def asked(app: Any, case: Case, scheme: str = "https") -> Exchange:
    """The exchange, as an engine of scan hands it to a rule."""
    more = {"query": case.query, "scheme": scheme, "client": f"203.0.113.{CASES.index(case) + 1}"}
    for _ in range(case.times):
        came = asyncio.run(ask(app, case.method, case.path, case.headers, case.body, **more))
    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in came.headers)
    request = Request(case.method, case.path, case.query.decode(), case.headers, scheme=scheme)
    return Exchange(None, request, Answer(came.status, headers, came.body, len(came.body)))


def verdicts(exchange: Exchange, kind: str) -> set[str]:
    """The rules that find something in one answer."""
    # What scan has no name for is judged as an ordinary answer is.
    kinds = {kind if kind in KINDS | {"login", "429"} else "200": [exchange]}
    seen = Observations(kinds=kinds, everything=[exchange])
    app = AppModel(title="", python="", versions={}, operations=())
    rules = Registry.load("buckler.scan.rules").select(SELECT, ("HDR006",))
    return {f.rule for rule in rules for f in rule.check_observations(app, seen)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bare_answer_fails(case: Case, bare: Any) -> None:
    exchange = asked(bare, case)
    assert exchange.answer.status
    wanted = {"HDR005", "TRA001"}
    if exchange.answer.body:
        wanted |= {"HDR001", "HDR003", "HDR004"}
    if case.path == "/session":
        wanted.add("CFG004")
    assert verdicts(exchange, case.kind) == wanted


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_guarded_answer_passes(case: Case, preset: str, guarded: dict[str, Any]) -> None:
    exchange = asked(guarded[preset], case)
    assert exchange.answer.status == case.status
    assert verdicts(exchange, case.kind) == set()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_guarded_answer_without_tls_passes(
    case: Case, preset: str, guarded: dict[str, Any]
) -> None:
    exchange = asked(guarded[preset], case, "http")
    # Browsers ignore it there, and it must not be sent (RFC 6797, 7.2): the rule asks over https.
    assert exchange.answer.header("strict-transport-security") is None
    # Nor does a browser keep a cookie that says Secure and came without TLS.
    assert verdicts(exchange, case.kind) - {"TRA001", "CFG004"} == set()


@pytest.mark.parametrize(
    ("without", "rules"),
    [
        ("content_security_policy=None", {"HDR001"}),
        ("content_security_policy=None, frame_options=None", {"HDR001", "HDR003"}),
        ("content_type_options=None", {"HDR004"}),
        ("referrer_policy=None", {"HDR005"}),
        ("strict_transport_security=None", {"TRA001"}),
        ("cookies=None", {"CFG004"}),
        ("content_security_policy=ContentSecurityPolicy(default_src=('*',))", {"HDR002"}),
    ],
)
def test_header_that_guard_is_told_to_leave_out_is_found(
    project: Write, without: str, rules: set[str]
) -> None:
    more = f", headers=HeaderPolicy({without})"
    app = application(written(project, "api", more))
    found = [verdicts(asked(app, case), case.kind) for case in CASES]
    assert set().union(*found) == rules


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return application(written(writer(tmp_path_factory.mktemp("bare")), None))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {
        preset: application(written(writer(tmp_path_factory.mktemp(preset)), preset))
        for preset in PRESETS
    }


def writer(folder: Path) -> Write:
    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write

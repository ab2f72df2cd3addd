"""Sites as most are: what is said of them is true, and what they have is seen."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from buckler.core.settings import IdentitySettings, Settings
from tests.scan.live.serving import found, look, serve

SHELL = (
    "<!doctype html><title>Shop</title><div id='root'></div><script src='/assets/app.js'></script>"
)
LINKS = "<a href='/app/orders'>orders</a><a href='/app/admin'>admin</a>"
DOCUMENT = {"openapi": "3.1.0", "info": {"title": "It"}}


def bare() -> FastAPI:
    return FastAPI(openapi_url=None, docs_url=None, redoc_url=None)


def scanned(app: FastAPI, path: str = "/", **bounds):
    with serve(app) as url:
        return look(url + path, **{"permitted": False, **bounds})


def reached(report) -> dict[str, bool]:
    return {item.operation: item.reached for item in report.coverage.operations}


def test_the_page_of_an_application_in_the_browser_is_reached() -> None:
    app = bare()
    app.get("/{path:path}")(lambda path: HTMLResponse(SHELL))
    report = scanned(app)
    assert reached(report) == {"GET /": True}
    assert not report.failed
    assert [item.why for item in report.coverage.operations] == [""]


def test_a_shell_below_a_folder_is_no_page_of_its_own() -> None:
    app = bare()
    app.get("/")(lambda: HTMLResponse("<title>Welcome</title><a href='/app/admin'>start</a>"))
    app.get("/app/{path:path}")(lambda path: HTMLResponse(SHELL + LINKS))
    report = scanned(app)
    assert reached(report) == {"GET /": True}
    assert "ACC001" not in {rule for rule, _ in found(report)}


def test_a_page_that_only_browsers_get_is_reached() -> None:
    app = bare()

    @app.get("/")
    def start(request: Request) -> Response:
        if "text/html" not in request.headers["accept"]:
            return Response(status_code=406)
        return HTMLResponse("<title>It</title>open")

    assert reached(scanned(app)) == {"GET /": True}


def test_text_that_everything_is_answered_with_is_no_file() -> None:
    app = bare()
    app.get("/{path:path}")(lambda path: PlainTextResponse("STATUS=not found\nCODE=17\n"))
    assert "EXP004" not in {rule for rule, _ in found(scanned(app, permitted=True))}


def test_files_are_looked_for_where_the_site_begins() -> None:
    app = bare()
    app.get("/shop/")(lambda: HTMLResponse("<title>Shop</title>"))
    app.get("/shop/.env")(lambda: PlainTextResponse("DB_PASSWORD=correct-horse\n"))
    assert ("EXP004", "GET /shop/.env") in found(scanned(app, "/shop/", permitted=True))


def test_where_everything_is_sent_is_not_reached() -> None:
    app = bare()
    paths = {"/account": {"get": {}}, "/orders/{number}": {"get": {}}}
    app.get("/openapi.json")(lambda: {**DOCUMENT, "paths": paths})
    app.get("/")(lambda: HTMLResponse("<title>It</title>open"))
    app.get("/{path:path}")(lambda path: RedirectResponse("/", 302))
    known = reached(scanned(app))
    assert known == {"GET /account": False, "GET /orders/{number}": False, "GET /": True}


@pytest.mark.parametrize("target", ["https://127.0.0.1:8443", "https://www.shop.example"])
def test_a_site_that_only_leads_to_another_names_it(target: str) -> None:
    app = bare()
    app.get("/openapi.json")(lambda: {**DOCUMENT, "paths": {"/a": {"get": {}}}})
    app.get("/{path:path}")(lambda path: RedirectResponse(f"{target}/{path}", 301))
    report = scanned(app)
    assert reached(report) == {"GET /a": False}
    assert report.failed.endswith("/ was answered 301")
    gap = next(gap for gap in report.coverage.gaps if "leads elsewhere" in gap.why)
    assert gap.how_to_include == f"buckler scan {target}/"


def test_a_site_that_is_down_is_said_to_be_so() -> None:
    app = bare()
    app.get("/{path:path}")(lambda path: Response(status_code=503))
    assert scanned(app).failed.endswith("/ was answered 503")


def test_an_address_in_a_script_opens_no_documentation() -> None:
    app = bare()
    script = "<title>Manual</title><script>track({url: '/collect'})</script>"
    app.get("/docs")(lambda: HTMLResponse(script))
    assert "EXP001" not in {rule for rule, _ in found(scanned(app))}


def test_a_document_is_found_behind_a_redirect_and_as_plain_text() -> None:
    app = bare()
    page = "<div id='swagger-ui'></div><script>SwaggerUIBundle({url: '../spec/it.json'})</script>"
    text = json.dumps({**DOCUMENT, "paths": {"/goods": {"get": {}}}})
    app.get("/docs")(lambda: RedirectResponse("/docs/", 308))
    app.get("/docs/")(lambda: HTMLResponse(page))
    app.get("/spec/it.json")(lambda: PlainTextResponse(text))
    app.get("/goods")(lambda: ["pear"])
    assert reached(scanned(app)) == {"GET /goods": True}


def test_links_are_followed_as_a_browser_follows_them() -> None:
    app = bare()
    page = (
        "<base href='/shop/'><title>It</title><a href='list'>l</a><a href='/bücher und mehr'>b</a>"
    )
    app.get("/")(lambda: HTMLResponse(page))
    app.get("/shop/list")(lambda: HTMLResponse("<title>List</title>pears"))
    app.get("/bücher und mehr")(lambda: HTMLResponse("<title>Books</title>one"))
    known = reached(scanned(app))
    assert known == dict.fromkeys(
        ("GET /", "GET /shop/list", "GET /b%C3%BCcher%20und%20mehr"), True
    )


def test_a_site_that_limits_is_asked_as_slowly_as_it_says() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    times: deque[float] = deque()
    refused: list[int] = []

    @app.middleware("http")
    async def limit(request: Request, call_next):
        now = time.monotonic()
        while times and times[0] < now - 1:
            times.popleft()
        if len(times) >= 12:
            refused.append(1)
            return Response(status_code=429, headers={"retry-after": "1"})
        times.append(now)
        return await call_next(request)

    for number in range(4):
        app.get(f"/goods{number}")(lambda: {"name": "pear"})
    report = scanned(app)
    assert refused
    assert reached(report) == {f"GET /goods{number}": True for number in range(4)}
    assert not report.failed


def test_a_wish_to_be_left_alone_for_long_is_not_waited_for() -> None:
    app = bare()
    app.get("/")(lambda: HTMLResponse("<title>It</title>open"))
    app.get("/{path:path}")(lambda path: Response(status_code=429, headers={"retry-after": "900"}))
    report = scanned(app)
    assert any("429" in gap.why for gap in report.coverage.gaps)


def test_success_that_says_it_is_none_is_no_success() -> None:
    bearer = Depends(HTTPBearer())
    app = FastAPI()

    @app.get("/mine")
    def mine(given: HTTPAuthorizationCredentials = bearer) -> Response:
        if given.credentials != "of-alice":
            return JSONResponse({"error": "not signed in"})
        return JSONResponse({"email": "alice@example.org"})

    @app.get("/taken")
    def taken(given: HTTPAuthorizationCredentials = bearer) -> Response:
        return JSONResponse({"requests": 12, "errors": 3})

    operations = {op for rule, op in found(scanned(app, permitted=True)) if rule == "ACC001"}
    assert operations == {"GET /taken"}


def test_a_file_of_the_machine_is_seen_inside_of_json() -> None:
    app = FastAPI()

    @app.get("/read")
    def read(file: str = "README") -> dict[str, str]:
        path = Path("/srv/no-such-folder") / file
        if str(path.resolve()) == "/etc/passwd":
            return {"content": "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/:/bin/sh\n"}
        return {"content": "nothing"}

    assert ("INJ004", "GET /read") in found(scanned(app, permitted=True))


def test_headers_that_cannot_be_sent_end_neither_the_scan_nor_the_site() -> None:
    def header(name: str, default: str) -> dict:
        schema = {"type": "string", "default": default}
        return {"in": "header", "name": name, "required": True, "schema": schema}

    wrong = {
        f"/wrong{number}": {"get": {"parameters": [header(name, "a")]}}
        for number, name in enumerate(["x→y", "a\r\nb: c", "a b"] * 3)
    }
    right = {"/right": {"get": {"parameters": [header("x-name", "Łódź → Köln")]}}}
    app = bare()
    app.get("/openapi.json")(lambda: {**DOCUMENT, "paths": {**wrong, **right}})

    @app.get("/right")
    def right_one(request: Request) -> str:
        return request.headers["x-name"]

    report = scanned(app)
    known = reached(report)
    assert known["GET /right"]
    assert not any(known[f"GET {path}"] for path in wrong)
    assert not [gap for gap in report.coverage.gaps if re.search("in a row", gap.why)]


def test_a_policy_inside_of_a_page_is_one() -> None:
    app = bare()
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'self'\">"
    app.get("/{path:path}")(lambda path: HTMLResponse(f"{policy}<title>It</title>open"))
    assert "HDR001" not in {rule for rule, _ in found(scanned(app))}


def test_a_cookie_of_every_page_is_one_finding() -> None:
    app = bare()

    @app.middleware("http")
    async def remember(request: Request, call_next):
        made = await call_next(request)
        made.set_cookie("session", "4f1c9a7be2d85630", samesite=None)
        return made

    app.get("/")(lambda: HTMLResponse("<title>It</title><a href='/a'>a</a><a href='/b'>b</a>"))
    app.get("/a")(lambda: HTMLResponse("<title>A</title>one"))
    app.get("/b")(lambda: HTMLResponse("<title>B</title>two"))
    assert [op for rule, op in _listed(scanned(app)) if rule == "CFG004"] == ["GET /"]


def _listed(report) -> list[tuple[str, str]]:
    return [(f.rule, f.location.operation or "") for f in report.findings]


def test_why_nobody_came_further_is_told_of_who_came_furthest() -> None:
    app = FastAPI()

    @app.get("/things/{thing_id}")
    def thing(thing_id: str, request: Request) -> dict[str, str]:
        raise HTTPException(404 if request.headers.get("x-who") == "ann-4711" else 401)

    ann = IdentitySettings("ann", headers={"X-Who": "ann-4711"})
    with serve(app) as url:
        report = look(url, Settings(identities=(ann,)))
    (only,) = [o for o in report.coverage.operations if "thing" in o.operation]
    assert (only.status, only.reached) == (404, False)
    assert only.why == "answered 404: nothing is there by the values that could be tried"

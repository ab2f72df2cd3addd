"""``buckler scan http://…`` as somebody types it."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse

from buckler.cli.scan import command
from buckler.cli.site import bounds_of, told
from buckler.core.errors import SiteError, UsageError
from buckler.core.settings import Settings
from buckler.scan.engines.live.site import parse
from tests.ports import free_port
from tests.scan.live import holes
from tests.scan.live.serving import serve

USUAL = {
    "max_requests": None,
    "rate": None,
    "permitted": False,
    "no_attack": False,
    "writes": False,
    "insecure_tls": False,
}


def scan(*arguments: str):
    return CliRunner().invoke(command, arguments)


def test_from_address_to_report(tmp_path) -> None:
    target = tmp_path / "report.json"
    with serve(holes.app) as url:
        result = scan(url, "--rate", "1000", "-o", str(target))
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith(
        f"Testing {url}, with attacks: at most 300 requests, 1000 a second."
    )
    assert f"Holes  {url}/" in result.stdout
    assert "POST /accounts" in result.stdout
    assert "buckler fix" not in result.stdout
    report = json.loads(target.read_text())
    assert (report["target"]["kind"], report["target"]["document"]) == ("url", "/openapi.json")
    assert report["coverage"]["requests"] > 0


def test_nothing_of_the_folder_is_read(tmp_path, monkeypatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.buckler]\nno-such-setting = 1\n")
    monkeypatch.chdir(tmp_path)
    result = scan(f"http://127.0.0.1:{free_port()}/")
    assert isinstance(result.exception, SiteError)
    assert result.exception.exit_code == 4


def test_only_this_machine_is_attacked_without_a_word() -> None:
    near, far = parse("http://127.0.0.1:1/"), parse("https://shop.example/")
    assert bounds_of(near, Settings(), USUAL).permitted
    assert not bounds_of(near, Settings(), {**USUAL, "no_attack": True}).permitted
    assert bounds_of(far, Settings(), {**USUAL, "permitted": True}).permitted
    bounds = bounds_of(far, Settings(), USUAL)
    assert not bounds.permitted
    assert told(far, bounds).startswith("Looking at https://shop.example as a visitor does")
    assert "--permitted" in told(far, bounds)


@pytest.mark.parametrize(
    "given",
    [
        ("--project-rules",),
        ("--allow-processes",),
        ("--update-baseline",),
        ("--walls", "none"),
        ("--database", "none"),
        ("--host", "shop.example"),
        ("--max-advisory-age", "0"),
    ],
    ids=lambda given: given[0],
)
def test_what_means_nothing_for_a_site_is_refused(given: tuple[str, ...]) -> None:
    result = scan("http://127.0.0.1:1/", *given)
    assert isinstance(result.exception, UsageError)
    assert given[0] in result.exception.message
    assert result.exception.hint


@pytest.mark.parametrize(
    "given",
    [("http://192.0.2.7/", "--writes"), ("http://127.0.0.1:1/", "--writes", "--no-attack")],
)
def test_nothing_is_changed_without_a_word(given: tuple[str, ...]) -> None:
    result = scan(*given)
    assert isinstance(result.exception, UsageError)
    assert "--permitted" in result.exception.hint


@pytest.mark.parametrize(
    "target", ["127.0.0.1:8000", "localhost:8000/docs", "shop.example:80", "[::1]:80"]
)
def test_an_address_without_a_scheme_is_told_from_a_module(target: str) -> None:
    result = scan(target)
    assert isinstance(result.exception, UsageError)
    assert result.exception.hint == f"buckler scan http://{target}"


def test_an_address_of_something_else_is_refused_without_its_password() -> None:
    result = scan("ftp://ada:lovelace-1815@shop.example/")
    assert isinstance(result.exception, UsageError)
    assert "https://" in result.exception.hint
    assert "lovelace" not in result.exception.message


def test_a_folder_may_be_named_like_an_address(tmp_path, monkeypatch) -> None:
    (tmp_path / "localhost:8000").mkdir()
    monkeypatch.chdir(tmp_path)
    result = scan("localhost:8000", "--engines", "source")
    assert not isinstance(result.exception, UsageError)


def test_what_means_nothing_for_a_project_is_refused(tmp_path) -> None:
    result = scan(str(tmp_path), "--permitted")
    assert isinstance(result.exception, UsageError)
    assert "--permitted" in result.exception.message


def test_without_the_library_the_command_to_install_it_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    result = scan("http://127.0.0.1:1/")
    assert isinstance(result.exception, UsageError)
    assert result.exception.hint == "pip install 'buckler[http]'"


def hidden():
    """A site that serves no document, with a hole that no page leads to; and its document."""
    app = FastAPI(openapi_url=None)
    documented = FastAPI()

    @app.get("/")
    def start() -> PlainTextResponse:
        return PlainTextResponse("a shop")

    for each in (app, documented):

        @each.get("/hello")
        def hello(name: str) -> HTMLResponse:
            return HTMLResponse(f"<p>{name}</p>")

    return app, documented.openapi()


def test_a_document_that_the_site_does_not_serve(tmp_path) -> None:
    app, document = hidden()
    (tmp_path / "api.json").write_text(json.dumps(document))
    with serve(app) as url:
        result = scan(url, "--rate", "1000", "--openapi", str(tmp_path / "api.json"), "--json")
        without = scan(url, "--rate", "1000", "--json")
    report = json.loads(result.stdout)
    assert ("INJ010", "GET /hello") in {
        (f["id"], f["location"]["operation"]) for f in report["findings"]
    }
    assert report["target"]["document"] == ""
    assert "operations" not in {gap["what"] for gap in report["coverage"]["gaps"]}
    assert "--openapi FILE" in without.stdout
    assert "INJ010" not in {f["id"] for f in json.loads(without.stdout)["findings"]}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        ("openapi: 3.1.0", "is no JSON"),
        ("{}", "is no OpenAPI document"),
        ('{"openapi": "3.1.0", "paths": ' + '{"/a":' * 200 + "{}" + "}" * 201, "is no OpenAPI"),
        ("[" * 100_000, "is no JSON"),
        (" " * 8_000_001, "is larger than 8 MB"),
    ],
    ids=["missing", "yaml", "another", "deep", "deeper", "large"],
)
def test_a_document_that_is_none(tmp_path, content, why) -> None:
    path = tmp_path / "api.json"
    if content is not None:
        path.write_text(content)
    result = scan("http://127.0.0.1:9/", "--openapi", str(path))
    assert isinstance(result.exception, UsageError)
    assert why in result.exception.message
    assert "openapi()" in (result.exception.hint or "") or "larger" in why


def test_a_document_is_for_sites() -> None:
    result = scan(".", "--openapi", "api.json")
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == "--openapi is for running sites"

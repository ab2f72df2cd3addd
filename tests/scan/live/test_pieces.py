"""The parts of the live engine by themselves: addresses, bodies, likeness, files, pages."""

from __future__ import annotations

import gzip
import zlib

import pytest

from buckler.core.errors import UsageError
from buckler.scan.engines.attack.drafts import benign
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.engines.live.bodies import plain
from buckler.scan.engines.live.exposed import judged, paths
from buckler.scan.engines.live.likeness import Likeness, asks_to_sign_in
from buckler.scan.engines.live.observing import refused
from buckler.scan.engines.live.openapi import Document
from buckler.scan.engines.live.pages import documents_in, inside, read
from buckler.scan.engines.live.site import parse

SITE = parse("https://shop.example/a/")


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("HTTPS://Shop.Example", "https://shop.example", "/"),
        ("http://127.0.0.1:8000/docs?x=1#y", "http://127.0.0.1:8000", "/docs"),
        ("http://[::1]:81/", "http://[::1]:81", "/"),
        ("https://shop.example:443/a", "https://shop.example", "/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example", "/"),
        ("https://straße.example/straße", "https://xn--strae-oqa.example", "/stra%C3%9Fe"),
        ("https://shop.example/a b/%7E", "https://shop.example", "/a%20b/%7E"),
    ],
)
def test_addresses(text: str, origin: str, path: str) -> None:
    site = parse(text)
    assert (site.origin, site.path) == (origin, path)


@pytest.mark.parametrize(
    "text",
    ["https://", "https:///x", "http://a b/", "http://h:0/", "http://h:99999/", "http://[::1/"],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.hint


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        parse("https://ada:lovelace-1815@shop.example/")
    assert "lovelace" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("localhost", True),
        ("app.localhost", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_what_is_this_machine(host: str, loopback: bool) -> None:
    assert parse(f"http://{host}/").is_loopback is loopback


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("b?c=1#d", "/a/b?c=1"),
        ("/b", "/b"),
        ("//shop.example/b", "/b"),
        ("https://shop.example:443/b", "/b"),
        ("http://shop.example/b", None),
        ("https://shop.example:444/b", None),
        ("https://shop.example.evil.example/", None),
        ("https://shop.example@evil.example/", None),
        ("javascript:alert(1)", None),
        ("mailto:a@shop.example", None),
        ("/log-out", None),
        ("/users/sign_out?x", None),
        ("https://[/", None),
        ("ü b?q=ä&c=%20", "/a/%C3%BC%20b?q=%C3%A4&c=%20"),
        ("a\x85b", None),
    ],
)
def test_links_stay_inside(url: str, expected: str | None) -> None:
    assert inside(SITE, "/a/", url) == expected


def test_bodies_are_unpacked_no_further_than_asked() -> None:
    text = b"x" * 100_000
    assert plain(gzip.compress(text), "gzip", 500) == text[:500]
    assert plain(zlib.compress(text), "deflate", 200_000) == text
    assert plain(b"no gzip", "gzip", 100) == b"no gzip"
    assert plain(b"as it is", "br", 5) == b"as it"


def exchange(path: str, body: bytes, status: int = 200, kind: str = "text/plain") -> Exchange:
    headers = (("content-type", kind),)
    return Exchange(None, Request("GET", path), Answer(status, headers, body, len(body)))


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/.git/HEAD", b"ref: refs/heads/main\n", "repository"),
        ("/.env", b"# shop\nexport SECRET_KEY='abc'\n", "environment"),
        ("/static/.env", b"A=1\n", "environment"),
        ("/app.db", b"SQLite format 3\x00\x10\x00", "database"),
        ("/dump.sql", b"-- PostgreSQL database dump\n", "dump"),
        ("/backup.zip", b"PK\x03\x04\x14\x00", "archive"),
        ("/main.py", b"from fastapi import FastAPI\napp = FastAPI()\n", "source"),
        ("/pyproject.toml", b'[project]\nname = "shop"\n', "project"),
        ("/docker-compose.yml", b"services:\n  web:\n", "run"),
        ("/id_rsa", b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "key"),
        ("/.htpasswd", b"ada:$apr1$x$y\n", "users"),
    ],
)
def test_files_are_told_by_their_content(path: str, body: bytes, what: str) -> None:
    (file,) = judged([exchange(path, body)])
    assert what in file.what
    assert b"abc" not in file.exchange.answer.body
    page = b"<!doctype html><title>Shop</title><p>ref: PK services:"
    others = [
        exchange(path, page, kind="text/html"),
        exchange(path, body, kind="text/html; charset=utf-8"),
        exchange(path, page),
        exchange(path, b"{}", kind="application/json"),
        exchange(path, b""),
        exchange(path, body, status=404),
    ]
    assert list(judged(others)) == []


def test_files_are_also_asked_for_beside_others() -> None:
    assert "/assets/.env" in paths(("/assets",))


def test_a_page_is_told_from_what_everything_is_answered_with() -> None:
    likeness = Likeness()
    page = b"<title>Shop</title>" + b"<p>the same for everybody</p>" * 20
    missing = exchange("/buckler-1", page.replace(b"Shop", b"/buckler-1"), kind="text/html")
    likeness.know(missing.request, missing.answer)
    assert likeness.answers_everything

    def reached(path: str, body: bytes, status: int = 200, *headers: tuple[str, str]) -> bool:
        kind = ("content-type", "text/html")
        return likeness.is_of_handler(Request("GET", path), Answer(status, (kind, *headers), body))

    assert not reached("/goods", page.replace(b"Shop", b"/goods"))
    assert reached("/goods", b"<title>Goods</title><table><tr><td>a pear</table>")
    assert not reached("/admin", b"<form><input name=p type=password></form>")
    assert reached("/sign-in", b"<form><input name=p type='password'></form>")
    assert not reached("/a", b"", 303, ("location", "/login?next=/a"))
    assert not reached("/a", b"", 307, ("location", "https://shop.example/a/"))
    assert reached("/a", b"", 303, ("location", "/b"))
    assert not reached("/a", b"", 500)


def test_links_to_a_name_in_letters_of_its_language_stay_inside() -> None:
    site = parse("https://bücher.example/")
    assert inside(site, "/", "https://BÜCHER.example/neu") == "/neu"
    assert inside(site, "/", "https://xn--bcher-kva.example/neu") == "/neu"
    assert inside(site, "/", "https://buecher.example/neu") is None


@pytest.mark.parametrize(
    ("path", "missing", "body", "absent"),
    [
        # An address of one letter is in every text: taking it out would make two texts of one.
        ("/e", "/buckler-1", b"here we see the greatest selection ever", True),
        (
            "/goods",
            "/buckler-1",
            b'{"id": "0192e4a2-7c1f-4d3a-9b58-3f0a6c2d1e77", "at": 1764428000}',
            True,
        ),
        ("/goods", "/buckler-1", b'{"name": "pear"}', False),
    ],
)
def test_what_differs_in_each_answer_tells_no_page(path, missing, body, absent) -> None:
    likeness = Likeness()
    other = (
        b'{"id": "c56a4180-65aa-42ec-a945-5fd21dec0538", "at": 1764428017}'
        if b"id" in body
        else body
    )
    known = exchange(missing, other if absent else b'{"error": "none"}', kind="application/json")
    likeness.know(known.request, known.answer)
    asked = exchange(path, body, kind="application/json")
    assert likeness.is_absent(asked.request, asked.answer) is absent


def test_a_page_that_means_harm_is_read_in_bounded_steps() -> None:
    # A pattern that began anew at each tag and looked to the end from there took hours.
    for text in (b"<input type= ", b"<input "):
        page = exchange("/", text * 100_000, kind="text/html")
        assert not asks_to_sign_in(page.answer)


def test_pages_of_the_documentation_name_their_document() -> None:
    assert documents_in("SwaggerUIBundle({url: '/v1/schema.json', x: 1})") == ["/v1/schema.json"]
    assert documents_in('<redoc spec-url="/api/schema.json"></redoc>') == ["/api/schema.json"]


def test_forms_are_read() -> None:
    page = read(
        "<form method=post action=x><input name=a value=1><select name=b></form><input name=c>"
    )
    assert [(f.method, f.action, f.fields) for f in page.forms] == [
        ("POST", "x", {"a": "1", "b": ""})
    ]


def test_a_broken_page_is_read_as_far_as_it_can_be() -> None:
    page = read("<title>It</title><a href='/a'>a</a><![ <a href='/b'>b</a><a href='/c'>c</a>")
    assert (page.title, page.links) == ("It", ["/a", "/c"])


def operation(schema: dict, kind: str = "application/json", required: bool = True):
    body = {"required": required, "content": {kind: {"schema": schema}}}
    data = {"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": body}}}}
    (made,) = Document(data, SITE, "/openapi.json").operations()
    return made


def test_what_a_schema_refuses() -> None:
    text = {"type": "string"}
    both = {
        "type": "object",
        "required": ["name", "password"],
        "properties": {"name": text, "password": text},
    }
    draft = refused(benign(operation(both)))
    assert draft is not None
    assert set(draft.json) == {"password"}
    one = {"type": "object", "required": ["password"], "properties": {"password": text}}
    draft = refused(benign(operation(one)))
    assert draft is not None
    assert isinstance(draft.json["password"], list)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"name": {"type": "string"}}},
        {"type": "object", "required": ["secret"], "properties": {"secret": {}}},
        {"type": "array", "items": {"type": "string"}},
        {},
    ],
)
def test_what_a_schema_may_take_is_not_sent(schema: dict) -> None:
    assert refused(benign(operation(schema))) is None


def test_a_body_that_may_be_left_out_is_not_sent() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    assert refused(benign(operation(schema, required=False))) is None

"""Repairs that somebody else would notice in some shapes: those are reviewed, or left to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.repairing import fixed, repairs
from tests.rules.test_fix_safe_a import repaired

ENTRY = """from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()


@app.middleware("http")
async def check(request: Request, call_next):
    path = request.url.path
    if {test} and "session" not in request.cookies:
        return JSONResponse({{}}, status_code=401)
    return await call_next(request)


"""


def routes(*paths: str) -> str:
    return "".join(f"@app.get('{p}')\ndef f{n}(): ...\n\n\n" for n, p in enumerate(paths))


@pytest.mark.parametrize(
    ("test", "after", "paths", "safe"),
    [
        ('not path.startswith("/public")', 'path.rstrip("/") != "/public"', ["/public", "/publications-internal"], False),
        ('not path.startswith("/public")', 'path.rstrip("/") not in ("/public", "/public/a")', ["/public", "/public/a"], True),
        ('"login" not in path', 'path.rstrip("/") != "/login"', ["/login", "/admin/login-as"], False),
        ('"login" not in path', 'path.rstrip("/") != "/login"', ["/login"], True),
        ('not path.endswith("/health")', 'path != "/health"', ["/health", "/admin/health"], False),
    ],
)  # fmt: skip
def test_routes_that_only_look_alike_are_not_let_through(
    test: str, after: str, paths: list[str], safe: bool, tmp_path: Path
) -> None:
    text = ENTRY.format(test=test) + routes(*paths)
    assert fixed("ACC015", text, tmp_path, safe=safe) == ENTRY.format(test=after) + routes(*paths)


@pytest.mark.parametrize(
    "more",
    [
        "def late(): ...\n\n\napp.get(PATH)(late)\n",
        "def late(): ...\n\n\nadd = app.get('/public/late')\nadd(late)\n",
        "def late(): ...\n\n\ngetattr(app, 'get')('/public/late')(late)\n",
        "@app.get('/public' + PATH)\ndef late(): ...\n",
        "@deep.api.get(PATH)\ndef late(): ...\n",
    ],
)
def test_routes_that_cannot_be_read_are_no_safe_matter(more: str, tmp_path: Path) -> None:
    test = 'not path.startswith("/public")'
    text = ENTRY.format(test=test) + routes("/public") + more
    made = fixed("ACC015", text, tmp_path, safe=False)
    assert made is not None
    assert 'path.startswith("/public/")' in made


def test_routes_deep_in_an_object_are_read(tmp_path: Path) -> None:
    test = 'not path.startswith("/public")'
    text = ENTRY.format(test=test) + routes("/public").replace("@app.", "@shop.web.")
    made = fixed("ACC015", text, tmp_path)
    assert made is not None
    assert 'path.rstrip("/") != "/public"' in made


def test_a_file_that_is_too_large_may_hold_a_route(tmp_path: Path) -> None:
    text = ENTRY.format(test='not path.startswith("/public")') + routes("/public")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\0" + bytes(1_100_000))
    assert fixed("ACC015", text, tmp_path) is not None
    (tmp_path / "large.py").write_text("# made\n" * 200_000)
    assert fixed("ACC015", text, tmp_path, safe=False) is not None


KEYED = """from fastapi import Cookie, FastAPI, Form, Header, Query, Security
from fastapi.security import APIKeyHeader

app = FastAPI()
API_KEY = "4f1c9a7be2"
NOTHING = None
scheme = APIKeyHeader(name="x-api-key", auto_error=False)


class Settings:
    api_key: str = None


settings = Settings()


@app.get("/x")
def shown(x_api_key: str = {default}):
    return x_api_key == {key}
"""


@pytest.mark.parametrize(
    "default",
    [
        "None",
        "Header(None)",
        "Header(default=None, alias='k')",
        "Query(None)",
        "Cookie(None)",
        "Form(NOTHING)",
        "NOTHING",
        "Security(scheme)",
    ],
)
def test_a_default_of_none_is_asked_for_first(default: str, tmp_path: Path) -> None:
    made = repaired("AUT004", KEYED.format(default=default, key="API_KEY"), tmp_path, "return x")
    assert made is not None
    assert "x_api_key is not None and hmac.compare_digest(" in made[0]


@pytest.mark.parametrize("default", ["Header()", "Header(...)", "Header(alias='k')"])
def test_what_must_be_sent_is_not_asked_for(default: str, tmp_path: Path) -> None:
    made = repaired("AUT004", KEYED.format(default=default, key="API_KEY"), tmp_path, "return x")
    assert made is not None
    assert "is not None" not in made[0]


def test_a_field_with_a_default_of_none_is_asked_for_first(tmp_path: Path) -> None:
    text = KEYED.format(default="Header()", key="settings.api_key")
    made = repaired("AUT004", text, tmp_path, "return x")
    assert made is not None
    assert "settings.api_key is not None and hmac.compare_digest(" in made[0]


MAILER = """import smtplib


class Mailer:
    def __init__(self) -> None:
        self.server = smtplib.SMTP("smtp.gmail.com", 587)
        {first}

    def enter(self, word: str) -> None:
        self.server.login("shop", word)
"""
HELPED = """import smtplib


def encrypt(server) -> None:
    server.starttls()


def send(word: str) -> None:
    server = smtplib.SMTP("smtp.gmail.com", 587)
    {first}
    server.login("shop", word)
"""
TWICE = """import smtplib


def first(word: str) -> None:
    with smtplib.SMTP("smtp.gmail.com", 587) as server:
        server.starttls()
        server.login("shop", word)


def second(word: str) -> None:
    with smtplib.SMTP("smtp.gmail.com", 587) as server:
        server.login("shop", word)
"""


@pytest.mark.parametrize(
    "text",
    [
        MAILER.format(first="self.server.starttls()"),
        MAILER.format(first="begin = self.server.starttls\n        begin()"),
        MAILER.format(first="encrypt(self.server)"),
        HELPED.format(first="encrypt(server)"),
        HELPED.format(first="encrypt(server=server)"),
    ],
)
def test_what_is_encrypted_at_another_place_is_not_found(text: str, tmp_path: Path) -> None:
    assert repairs("EGR004", text, tmp_path) == []


def test_a_connection_of_the_same_name_is_found(tmp_path: Path) -> None:
    made = fixed("EGR004", TWICE, tmp_path)
    assert made is not None
    assert made.count("starttls(") == 2
    assert fixed("EGR004", MAILER.format(first="pass"), tmp_path, safe=False) is not None
    assert fixed("EGR004", HELPED.format(first="print(server)"), tmp_path) is not None


@pytest.mark.parametrize(
    "last",
    [
        'for _ in range(3):\n        server.login("shop", word)',
        'while word:\n        server.login("shop", word)',
        'try:\n        server.login("shop", word)\n    except OSError:\n        server.login("old", word)',
    ],
)
def test_nothing_is_encrypted_twice(last: str, tmp_path: Path) -> None:
    text = HELPED.format(first="pass").replace('server.login("shop", word)', last)
    found = repairs("EGR004", text, tmp_path)
    assert found
    assert not any(found)


ASKED = """import functools
import json
import urllib.request

import requests
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()
session = requests.Session()
"""
TIMED = "functools.partial(session.request, timeout=5)"


@pytest.mark.parametrize(
    "code",
    [
        f"session.request = {TIMED}\nsession.get(url)\n",
        f"session.get = {TIMED}\nsession.get(url)\n",
        f"requests.Session.request = {TIMED}\nsession.post(url)\n",
        f"requests.get = {TIMED}\nrequests.get(url)\n",
    ],
)
def test_a_function_that_was_replaced_is_not_found(code: str, tmp_path: Path) -> None:
    assert repairs("EGR003", ASKED + code, tmp_path) == []


ROUTE = '\n\n@app.get("/x")\ndef shown(url: str):\n    '


def asked(tmp_path: Path, route: str, body: str) -> bool:
    """Whether the repair is safe."""
    (made,) = repairs("EGR003", f"{ASKED}{route}{body}\n", tmp_path)
    assert made is not None
    return made.safe


@pytest.mark.parametrize(
    ("body", "safe"),
    [
        ("return StreamingResponse(urllib.request.urlopen(url))", False),
        ("answer = urllib.request.urlopen(url)\n    return StreamingResponse(answer)", False),
        ("with urllib.request.urlopen(url) as answer:\n        return [row for row in answer]", False),
        ("return urllib.request.urlopen(url).read(10)", False),
        ("return urllib.request.urlopen(url)", False),
        ("return requests.get(url).iter_lines()", False),
        ("session.stream = True\n    return session.get(url)", False),
        ("yield requests.get(url)", False),
        ("return requests.get(f'{url}?wait=300')", False),
        ("return urllib.request.urlopen(url).read()", True),
        ("with urllib.request.urlopen(url) as answer:\n        return json.load(answer)", True),
        ("with urllib.request.urlopen(url) as answer:\n        return answer.status, answer.read()", True),
        ("return requests.get(url).json()", True),
    ],
)  # fmt: skip
def test_a_stream_may_be_silent_for_long(body: str, safe: bool, tmp_path: Path) -> None:
    assert asked(tmp_path, ROUTE, body) is safe


@pytest.mark.parametrize(
    ("route", "safe"),
    [
        (ROUTE, True),
        (ROUTE.replace("app.get", "app.head"), True),
        (ROUTE.replace("app.get", "app.post"), False),
        (ROUTE.replace("app.get", "app.api_route"), False),
        (ROUTE.replace("app.get", "app.websocket"), False),
        (ROUTE.replace("@app.get", "@app.post('/y')\n@app.get"), False),
        (ROUTE.replace("url: str", "url: str, max_wait: int = 0"), False),
        (ROUTE.replace("url: str", "url: str, poll: bool = False"), False),
        (ROUTE.replace("url: str", "url: str, timeout: int = 0"), False),
        (ROUTE.replace("url: str", "url: str, awaited: bool = False"), True),
    ],
)
def test_only_who_reads_gives_up_after_a_minute(route: str, safe: bool, tmp_path: Path) -> None:
    assert asked(tmp_path, route, "return requests.get(url).text") is safe

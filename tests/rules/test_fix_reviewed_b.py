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


HASHED = """from passlib.context import CryptContext

ctx = CryptContext(schemes=["hex_sha256"])


def fits(pw, stored):
    return ctx.verify(pw, stored)


"""


@pytest.mark.parametrize(
    "code",
    [
        "def f(pw, stored):\n    return ctx.hash(pw) != stored\n",
        "def f(pw, stored):\n    made = ctx.encrypt(pw)\n    if made == stored:\n        return 1\n",
        "def f(pw, stored):\n    return compare_digest(stored, ctx.hash(pw))\n",
        "def f(pw):\n    return KEYS[ctx.hash(pw)]\n",
        "def f(pw):\n    return KEYS.get(ctx.hash(pw))\n",
        "def f(pw):\n    return query.filter_by(name=name, password=ctx.hash(pw))\n",
        "def f(pw):\n    return db.execute('SELECT 1 FROM u WHERE p = ?', (ctx.hash(pw),))\n",
        "def made(pw):\n    return ctx.hash(pw)\n\n\ndef f(pw, stored):\n    return made(pw) == stored\n",
        "made = ctx.hash\n\n\ndef f(pw, stored):\n    return made(pw) == stored\n",
        "made = lambda pw: ctx.hash(pw)\n\n\ndef f(pw, stored):\n    return made(pw) == stored\n",
        "async def f(pw, stored):\n    return await to_thread(ctx.hash, pw) == stored\n",
    ],
)
def test_hashes_that_are_compared_need_to_stay_the_same(code: str, tmp_path: Path) -> None:
    assert repairs("AUT006", HASHED + code, tmp_path) == [None]


def test_hashes_that_another_file_compares_need_to_stay_the_same(tmp_path: Path) -> None:
    hashed = HASHED + "def made(pw):\n    return ctx.hash(pw)\n"
    assert fixed("AUT006", hashed, tmp_path) is not None
    (tmp_path / "other.py").write_text("from main import made\nsame = made(pw) == stored\n")
    assert repairs("AUT006", hashed, tmp_path) == [None]
    (tmp_path / "other.py").write_text("def (\n")
    assert repairs("AUT006", hashed, tmp_path) == [None]


def test_hashes_that_nothing_verifies_are_reviewed(tmp_path: Path) -> None:
    made = "def f(pw):\n    return ctx.hash(pw)\n"
    assert fixed("AUT006", HASHED.replace("verify", "check") + made, tmp_path, safe=False)


@pytest.mark.parametrize(
    "code",
    [
        "def f(user, pw):\n    user.password = ctx.hash(pw)\n",
        "def f(name, pw):\n    USERS[name] = ctx.hash(pw)\n",
        "def f(name, pw):\n    db.execute('INSERT INTO u VALUES (?)', (ctx.hash(pw),))\n",
        "def f(pw):\n    made = ctx.hash(pw)\n    return User(password=made)\n",
    ],
)
def test_hashes_that_are_kept_may_change(code: str, tmp_path: Path) -> None:
    assert fixed("AUT006", HASHED + code, tmp_path) is not None


LOGGED = """import logging

from fastapi import FastAPI
from pydantic import BaseModel

log = logging.getLogger("shop")
app = FastAPI()


class SignUp(BaseModel):
    name: str
    password: str


@app.post("/signup")
def signup(form: SignUp, token: str = ""):
    {line}
"""


@pytest.mark.parametrize(
    "line",
    [
        'log.info("code %06d", token)',
        'log.info("code %c", token)',
        'log.info("code %*s", 6, token)',
        'log.log(20, "code %x", token)',
        'log.info("%(password)s", form.model_dump())',
        'log.info("%(name)s %(password)r", form.model_dump())',
        'log.info("code {:06d}", token)',
        'log.info("code {token:06d}", token=token)',
        "log.info(token, form.name)",
        "log.info(MESSAGE, token)",
        'log.info("in", extra=form.model_dump())',
    ],
)
def test_a_line_of_the_log_that_shows_no_text_is_left_alone(line: str, tmp_path: Path) -> None:
    found = repairs("LOG001", LOGGED.format(line=line), tmp_path)
    assert found
    assert not any(found)


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('log.info("code %-8s of %d", token, 1)', 'log.info("code %-8s of %d", "***", 1)'),
        ('log.log(20, "100%% %r", token)', 'log.log(20, "100%% %r", "***")'),
        ('log.info(f"{form.name} %s", token)', 'log.info(f"{form.name} %s", "***")'),
        ('log.info("code {}", token)', 'log.info("code {}", "***")'),
        ('log.info("code", token=token)', 'log.info("code", token="***")'),
        ('log.info("%(name)s", form.model_dump())', 'log.info("%(name)s", form.model_dump(exclude={"password"}))'),
        ("log.info(token)", 'log.info("***")'),
    ],
)  # fmt: skip
def test_a_line_of_the_log_that_shows_a_text_gets_stars(
    line: str, after: str, tmp_path: Path
) -> None:
    assert fixed("LOG001", LOGGED.format(line=line), tmp_path) == LOGGED.format(line=after)


LATE = "POST /token hashes the password only where the name exists, which takes longer."
SIGN_IN = """import hashlib
from fastapi import FastAPI, HTTPException

import security
from hashers import ours

app = FastAPI()
USERS = {{}}
SALTS = {{}}


def stretch(password: str, salt: bytes = b"0") -> bytes:
    {stretch}


@app.post("/token")
def token(name: str, password: str) -> bool:
    user = USERS.get(name)
{code}
    return True
"""
STRETCH = "return hashlib.scrypt(password.encode(), salt=salt, n=4, r=8, p=1)"
REFUSED = ":\n        raise HTTPException(401)"


def signed_in(tmp_path: Path, code: str, stretch: str = STRETCH) -> tuple[str, bool] | None:
    text = SIGN_IN.format(code=code, stretch=stretch)
    modules = {
        "security.py": "import hashlib\n\n\ndef make_hash(pw):\n    return hashlib.scrypt(pw)\n\n\n"
        "def verify(pw, stored):\n    return hashlib.scrypt(pw) == stored\n",
        "hashers.py": "from argon2 import PasswordHasher\n\nours = PasswordHasher()\n",
    }
    return repaired("AUT012", text, tmp_path, "def token", LATE, **modules)


@pytest.mark.parametrize(
    ("made", "safe"),
    [
        ("stretch(password)", True),
        ("stretch(password, SALT)", True),
        ("hashlib.scrypt(password.encode(), salt=b'0', n=4, r=8, p=1)", True),
        ("hashlib.scrypt(password.encode(), salt=SALTS[name], n=4, r=8, p=1)", None),
        ("hashlib.scrypt(password.encode(), salt=SALTS.get(name), n=4, r=8, p=1)", None),
        ("stretch(password, SALTS[name])", None),
        ("stretch(password, salt)", None),
    ],
)
def test_what_is_hashed_first_is_there_for_every_name(
    made: str, safe: bool | None, tmp_path: Path
) -> None:
    code = f"    salt = SALTS.get(name)\n    if user is None or {made} != user{REFUSED}"
    found = signed_in(tmp_path, code)
    assert (found and found[1]) is safe


def test_a_function_that_looks_up_is_not_called_first(tmp_path: Path) -> None:
    code = f"    if user is None or stretch(name) != user{REFUSED}"
    assert signed_in(tmp_path, code) is not None
    salted = STRETCH.replace("salt=salt", "salt=SALTS[password]")
    assert signed_in(tmp_path, code, salted) is None


@pytest.mark.parametrize(
    ("check", "work"),
    [
        ("security.verify(password, user.password_hash)", "make_hash(password)"),
        ("ours.verify(user.password_hash, password)", "ours.hash(password)"),
        ("unknown.verify(password, user.password_hash)", None),
        ("user.verify(password, user.password_hash)", None),
        ("user.hasher.verify(password, user.password_hash)", None),
        ("ours.verify(user.password_hash, (word := password))", None),
    ],
)
def test_only_a_hasher_that_is_known_hashes(check: str, work: str | None, tmp_path: Path) -> None:
    code = f"    if user is None{REFUSED}\n    if not {check}{REFUSED}"
    made = signed_in(tmp_path, code)
    assert (made is None) is (work is None)
    assert work is None or (made is not None and f"{work}\n        raise" in made[0])


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("word = password", "pass", True),
        ("pass", "word = password", False),
        ("if name:\n        word = password", "word = password", False),
        ("pass", "for word in password:\n        pass", False),
    ],
)
def test_the_password_is_there_before_the_branch(
    before: str, after: str, done: bool, tmp_path: Path
) -> None:
    check = f"    if not ours.verify(user.password_hash, word){REFUSED}"
    code = f"    {before}\n    if user is None{REFUSED}\n    {after}\n{check}"
    assert (signed_in(tmp_path, code) is not None) is done


def test_nothing_stands_before_an_elif(tmp_path: Path) -> None:
    check = f"user is None or not ours.verify(user.password_hash, password){REFUSED}"
    assert signed_in(tmp_path, f"    if {check}") is not None
    assert signed_in(tmp_path, f"    if not name{REFUSED}\n    elif {check}") is None


TOKENS = """import os

import jwt

KEY = os.environ["KEY"]
{more}

def made(user: str) -> str:
    return jwt.encode({{"sub": user}}, KEY, algorithm="HS256")


def read(token: str) -> str:
    return jwt.decode(token, {given}options={{"verify_signature": False}})["sub"]
"""


@pytest.mark.parametrize(
    ("more", "done"),
    [
        ("", True),
        ("\n\ndef turn():\n    global KEY\n    KEY = os.urandom(32)\n\n", False),
        ("KEY += 'a'\n", False),
        ("for KEY in keys:\n    pass\n", False),
        ("from keys import KEY\n", False),
    ],
)
def test_a_key_that_changes_checks_no_older_tokens(more: str, done: bool, tmp_path: Path) -> None:
    made = repaired("AUT001", TOKENS.format(more=more, given=""), tmp_path, "jwt.decode")
    assert (made == (TOKENS.format(more=more, given="").replace('options={"verify_signature": False}', 'KEY, algorithms=["HS256"]'), True)) is done  # fmt: skip
    assert done or made is None or made[1] is False


@pytest.mark.parametrize("claim", ['audience="shop", ', 'issuer="shop", ', 'subject="ann", '])
def test_claims_that_become_checked_are_for_a_person(claim: str, tmp_path: Path) -> None:
    made = repaired("AUT001", TOKENS.format(more="", given=claim), tmp_path, "jwt.decode")
    assert made is None or made[1] is False


GIVEN = """from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import Response

app = FastAPI()
r = Response()
{line}
"""
LAYER = 'app.add_middleware(SessionMiddleware, "key", "session", 60, "/", "{site}", {https})'


@pytest.mark.parametrize(
    ("rule", "line", "after"),
    [
        ("CFG004", 'r.set_cookie("session", "x", 60, 60, "/", None, False, True, "lax")', 'r.set_cookie("session", "x", 60, 60, "/", None, True, True, "lax")'),
        ("CFG004", 'r.set_cookie("session", "x", 60, 60, "/", None, False, False, "none")', 'r.set_cookie("session", "x", 60, 60, "/", None, True, True, "lax")'),
        ("CFG004", 'r.set_cookie("session", "x", 60, 60, "/", None, False)', 'r.set_cookie("session", "x", 60, 60, "/", None, True, httponly=True)'),
        ("CFG005", LAYER.format(site="lax", https=False), LAYER.format(site="lax", https=True)),
        ("CFG005", LAYER.format(site="none", https=True), LAYER.format(site="lax", https=True)),
    ],
)  # fmt: skip
def test_what_is_given_by_its_place_is_replaced(
    rule: str, line: str, after: str, tmp_path: Path
) -> None:
    made = repaired(rule, GIVEN.format(line=line), tmp_path, line)
    assert made is not None
    assert made[0] == GIVEN.format(line=after)
    exec(compile(made[0], "main.py", "exec"), space := {})
    assert space["app"].build_middleware_stack()

"""Repairs of sign-ins, tokens, logs and cookies that somebody else would notice in some shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.scan.fix.drafts import draft_of
from buckler.scan.rules._support.elsewhere import stands_elsewhere
from tests.rules.repairing import fixed, repairs
from tests.rules.test_fix_credentials import login, sealed
from tests.rules.test_fix_safe_a import repaired
from tests.rules.test_fix_safe_c import IMAGE, MAILS, REDIRECTED, image

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
        ("ours.verify(user.password_hash, (lambda: password)())", None),
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


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"START = 1\n", True),
        (b"# nothing\n", False),
        (b"# nothing\n" * 100_000, True),
        (b"\x89PNG\0" + bytes(1_000_000), False),
    ],
)
def test_a_file_that_is_not_read_may_hold_anything(
    content: bytes, known: bool, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text("START = 1\n")
    (tmp_path / "other.py").write_bytes(content)
    assert stands_elsewhere(draft_of(tmp_path, "main.py"), "START") is known


def test_a_file_that_cannot_be_read_may_hold_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.py").write_text("START = 1\n")
    (tmp_path / "other.py").write_text("# nothing\n")
    draft = draft_of(tmp_path, "main.py")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert stands_elsewhere(draft, "START") is True


def test_an_image_that_is_developed_in_is_reviewed(tmp_path: Path) -> None:
    text = IMAGE.format("CMD uvicorn main:app --reload")
    (tmp_path / ".devcontainer").mkdir()
    made = image(text, tmp_path)
    assert made is not None
    assert made[1] is False


def test_two_applications_are_not_both_redirected(tmp_path: Path) -> None:
    text = REDIRECTED.replace("app = FastAPI()", "app = FastAPI()\nplain = FastAPI()")
    for rule, marker in (("CFG004", "set_cookie"), ("CFG005", "SessionMiddleware,")):
        made = repaired(rule, text, tmp_path, marker)
        assert made is not None
        assert made[1] is False


@pytest.mark.parametrize("text", ["def f(session=Cookie(None)): ...", "cart = request.cookies"])
def test_a_session_that_another_file_reads_is_reviewed(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(text)
    sent = login("number = session or secrets.token_urlsafe(32)")
    assert fixed("AUT016", sent, tmp_path, safe=False) is not None


@pytest.mark.parametrize(
    "body",
    [
        "return ' '.join([(START + box.encrypt(START, t.encode(), None)).hex() for t in text])",
        "sent = b''\nfor t in text:\n    sent += START + box.encrypt(START, t.encode(), None)\nreturn sent.hex()",
    ],
)
def test_messages_of_a_loop_do_not_share_a_nonce(body: str, tmp_path: Path) -> None:
    found = repairs("SEC005", sealed(body), tmp_path)
    assert found
    assert not any(found)


@pytest.mark.parametrize("more", ["*more", "**more"])
def test_a_provider_with_unknown_options_is_reviewed(more: str, tmp_path: Path) -> None:
    text = MAILS.replace("HOST, 587", f"'smtp.gmail.com', 587, {more}")
    made = repaired("EGR004", text, tmp_path, "login(")
    assert made is not None
    assert made[1] is False

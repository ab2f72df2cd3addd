"""Repairs of keys, sessions and nonces: shapes that are taken, and those that are left alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.rules.repairing import application, code, fixed, repairs

KID = """
from pathlib import Path

import jwt
from fastapi import FastAPI, Header, HTTPException

app = FastAPI()


@app.get("/me")
def me(authorization: str = Header()) -> str:
    name = jwt.get_unverified_header(authorization)["kid"]
    key = Path(f"keys/{name}.pem").read_text()
    return str(jwt.decode(authorization, key, algorithms=["RS256"])["sub"])
"""


def test_a_key_lies_in_its_folder(tmp_path: Path) -> None:
    made = fixed("AUT013", KID, tmp_path)
    assert "raise HTTPException(404)" in made


def test_an_address_of_a_token_is_for_a_person(tmp_path: Path) -> None:
    text = KID.replace('Path(f"keys/{name}.pem").read_text()', "httpx2.get(name, timeout=3).text")
    assert (
        fixed("AUT013", text.replace("import jwt", "import httpx2\nimport jwt"), tmp_path) is None
    )


LOGIN = """
import secrets
import uuid

from fastapi import Cookie, FastAPI, Form, Request, Response

app = FastAPI()
SESSIONS: dict[str, str] = {{}}
CARTS: dict[str, list] = {{}}


@app.post("/login")
def login(request: Request, response: Response, name: str = Form(), session: str | None = Cookie(None)):
{body}
    SESSIONS[number] = name
    response.set_cookie("session", number, secure=True, httponly=True)
    return name


@app.get("/me")
def me(session: str = Cookie()):
    return SESSIONS.get(session)
"""


def login(body: str) -> str:
    return LOGIN.format(body=textwrap.indent(code(body).rstrip(), "    "))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("number = session or secrets.token_urlsafe(32)", "number = secrets.token_urlsafe(32)"),
        ("number = session if session else str(uuid.uuid4())", "number = str(uuid.uuid4())"),
        (
            "number = request.cookies.get('session')\nif not number:\n    number = secrets.token_hex(16)",
            "number = request.cookies.get('session')\nnumber = secrets.token_hex(16)",
        ),
    ],
)
def test_a_sign_in_has_a_session_of_its_own(before: str, after: str, tmp_path: Path) -> None:
    assert fixed("AUT016", login(before), tmp_path) == login(after)
    client = TestClient(application(login(after)), base_url="https://testserver")
    client.cookies.set("session", "chosen")
    client.post("/login", data={"name": "ann"})
    assert client.get("/me").json() == "ann"
    assert client.get("/me", headers={"cookie": "session=chosen"}).json() is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return SESSIONS.get(session)", "return CARTS.get(session)"),
        ("return SESSIONS.get(session)", "return CARTS[session]"),
        ("= Cookie(None)", "= Query(None)"),
    ],
)
def test_a_session_with_more_in_it_is_reviewed(before: str, after: str, tmp_path: Path) -> None:
    text = login("number = session or secrets.token_urlsafe(32)").replace(before, after)
    text = text.replace("import Cookie,", "import Cookie, Query,")
    made = fixed("AUT016", text, tmp_path, safe=False)
    assert "number = secrets.token_urlsafe(32)" in made


@pytest.mark.parametrize(
    "body",
    [
        "number = session or secrets.token_urlsafe(32)\nprint(number)",
        "number = session or secrets.token_urlsafe(32)\nCARTS[number].append(name)",
        "number = session or name",
    ],
)
def test_sessions_for_a_person(body: str, tmp_path: Path) -> None:
    assert fixed("AUT016", login(body), tmp_path) is None


SEALED = """
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI

app = FastAPI()
box = AESGCM(AESGCM.generate_key(bit_length=256))
START = {value}


@app.post("/seal")
def seal(text: str) -> str:
{body}


@app.post("/read")
def read(sealed: str) -> str:
    data = bytes.fromhex(sealed)
    return box.{opens}(data[:12], data[12:], None).decode()
"""


def sealed(body: str, value: str = "os.urandom(12)", opens: str = "decrypt") -> str:
    body = textwrap.indent(code(body).rstrip(), "    ")
    return SEALED.format(body=body, value=value, opens=opens)


@pytest.mark.parametrize(
    ("value", "body", "after"),
    [
        (
            "os.urandom(12)",
            "return (START + box.encrypt(START, text.encode(), None)).hex()",
            "nonce = os.urandom(12)\nreturn (nonce + box.encrypt(nonce, text.encode(), None)).hex()",
        ),
        (
            "b'000000000000'",
            "data = box.encrypt(START, text.encode(), None)\nreturn START.hex() + data.hex()",
            "nonce = os.urandom(12)\ndata = box.encrypt(nonce, text.encode(), None)\nreturn nonce.hex() + data.hex()",
        ),
    ],
)
def test_a_nonce_that_is_sent_along(value: str, body: str, after: str, tmp_path: Path) -> None:
    made = fixed("SEC005", sealed(body, value), tmp_path)
    assert made == sealed(after).replace("START = os.urandom(12)\n", "")
    client = TestClient(application(made))
    one, two = (client.post("/seal", params={"text": "word"}).json() for _ in range(2))
    assert one[:24] != two[:24]
    assert client.post("/read", params={"sealed": one}).json() == "word"


def test_a_nonce_that_is_not_sent_is_reviewed(tmp_path: Path) -> None:
    text = sealed("return box.encrypt(START, text.encode(), None).hex()", opens="encrypt")
    text = text.replace("data[:12], data[12:]", "os.urandom(12), data")
    made = fixed("SEC005", text, tmp_path, safe=False)
    assert (
        "    nonce = os.urandom(12)\n    return (nonce + box.encrypt(nonce, text.encode(), None)).hex()"
        in made
    )


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("os.urandom(12)", "return box.encrypt(START, text.encode(), None).hex()"),
        ("os.urandom(12)", "return box.encrypt(START, text.encode(), START).hex()"),
        ("os.urandom(12)", "print(START)\nreturn box.encrypt(START, text.encode(), None).hex()"),
        ("b'000000000000'", "return box.decrypt(START, box.encrypt(START, b'', None), None).hex()"),
        ("bytes(12)", "return (START + box.encrypt(b'000000000000', text.encode(), None)).hex()"),
    ],
)
def test_nonces_for_a_person(value: str, body: str, tmp_path: Path) -> None:
    assert all(item is None for item in repairs("SEC005", sealed(body, value), tmp_path))


LOGGED = """
import logging
import os

from fastapi import FastAPI, Request
from pydantic import BaseModel

logger = logging.getLogger("shop")
app = FastAPI()
API_KEY = os.environ.get("API_KEY", "")


class SignUp(BaseModel):
    name: str
    password: str


@app.post("/signup")
def signup(payload: SignUp, request: Request, token: str = ""):
    {line}
    return payload.name
"""


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        ("logger.info('%s', payload.model_dump())", "logger.info('%s', payload.model_dump(exclude={\"password\"}))", True),
        ("logger.info('as %s', payload.password)", "logger.info('as %s', \"***\")", True),
        ("logger.info(f'{payload.name} as {payload.password!r}')", "logger.info(f'{payload.name} as ***')", True),
        ("print('token', token, payload.name)", "print('token', \"***\", payload.name)", True),
        ("logger.info('key %s', API_KEY)", None, False),
        ("logger.info('key %s of %s', token, self.secret)", "logger.info('key %s of %s', \"***\", \"***\")", False),
        ("logger.info('%s', request.headers)", None, False),
        ("logger.info('%s', payload)", None, False),
        ("logger.info('%s', [payload.password])", None, False),
    ],
)  # fmt: skip
def test_secrets_in_the_log(before: str, after: str | None, safe: bool, tmp_path: Path) -> None:
    made = fixed("LOG001", LOGGED.format(line=before), tmp_path, safe=safe)
    assert made == (after and LOGGED.format(line=after))
    if safe:
        answer = TestClient(application(made)).post(
            "/signup", json={"name": "ann", "password": "tulip"}
        )
        assert answer.json() == "ann"


AUTHORIZE = """
import re

from fastapi import FastAPI

app = FastAPI()
BACK = re.compile("https://[a-z]+[.]example/back")
ALLOWED = ("https://mill.example/back", "https://mill.example/two")


@app.get("/authorize")
def authorize(redirect_uri: str, known: str = "https://mill.example/back"):
    {line}
"""


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        (
            'return bool(redirect_uri) and re.match(r"^https://mill[.]example/back$", redirect_uri) is not None',
            None,
            False,
        ),
        (
            'return re.match(r"^https://mill.example/back$", redirect_uri) is not None',
            'return redirect_uri == "https://mill.example/back"',
            True,
        ),
        (
            r'return 1 if not re.search(r"^https:\/\/mill\.example\/back\Z", redirect_uri) else 2',
            'return 1 if redirect_uri != "https://mill.example/back" else 2',
            True,
        ),
        ("return redirect_uri.startswith(known)", "return redirect_uri == known", False),
        ("return redirect_uri.startswith(ALLOWED)", "return redirect_uri in ALLOWED", False),
        ("return not redirect_uri.startswith(known) or 2", "return redirect_uri != known or 2", False),
        ("return any(k in redirect_uri for k in ALLOWED)", "return any(k == redirect_uri for k in ALLOWED)", False),
        ("return bool(BACK.match(redirect_uri))", "return bool(BACK.fullmatch(redirect_uri))", False),
        ("return bool(BACK.search(redirect_uri))", None, False),
    ],
)  # fmt: skip
def test_redirect_addresses(before: str, after: str | None, safe: bool, tmp_path: Path) -> None:
    made = fixed("AUT020", AUTHORIZE.format(line=before), tmp_path, safe=safe)
    if after is None and "[.]" in before:
        assert made is not None
        assert "re.fullmatch(" in made
        return
    assert made == (after and AUTHORIZE.format(line=after))
    if made:
        ask = application(made), application(AUTHORIZE.format(line=before))
        new, old = (
            TestClient(a).get("/authorize", params={"redirect_uri": "https://mill.example/back"})
            for a in ask
        )
        assert new.json() == old.json()
        false = TestClient(ask[0]).get(
            "/authorize", params={"redirect_uri": "https://mill.example/back.attacker.example"}
        )
        assert false.json() != new.json()

"""Repairs of Dockerfiles, compose files and requirements, and of what operators have to set."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written
from tests.rules.repairing import RULES, application, code, fixed, repairs


def settled(rule: str, path: str, text: str, folder: Path) -> str | None:
    """A file after the repairs of what is found in it, one after the other; None where it stays."""
    file = folder / path
    file.write_text(text)
    for _ in range(5):
        found = list(check_project(folder, [RULES[rule]]))
        made = [RULES[rule].fix_source(draft_of(folder, path), item) for item in found]
        if not found or made[0] is None:
            break
        assert made[0].safe is False
        (changed,) = written(folder, made[:1])
        file.write_bytes(changed.data)
    else:
        raise AssertionError("it repairs without an end")
    return file.read_text() if file.read_text() != text else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"5432:5432"', '"127.0.0.1:5432:5432"'),
        ("5432:5432/tcp", "127.0.0.1:5432:5432/tcp"),
        ("'0.0.0.0:15432:5432'", "'127.0.0.1:15432:5432'"),
        ('"[::]:5432:5432"', '"127.0.0.1:5432:5432"'),
    ],
)
def test_ports_of_databases(before: str, after: str, tmp_path: Path) -> None:
    for text in (
        f"services:\n  db:\n    image: postgres:18\n    ports:\n      - {before} # open\n",
        f"services:\n  db:\n    image: postgres:18\n    ports: [{before}, 80:80]\n  web:\n    image: web\n",
    ):
        made = settled("CFG021", "compose.yml", text, tmp_path)
        assert made == text.replace(before, after)
        assert yaml.safe_load(made)["services"]["db"]["ports"][0] == after.strip("\"'")


def test_a_port_that_is_there_twice_is_for_a_person(tmp_path: Path) -> None:
    text = 'services:\n  db:\n    image: postgres:18\n    ports: ["5432:5432", "15432:5432"]\n'
    assert settled("CFG021", "compose.yml", text, tmp_path) is None


@pytest.mark.parametrize(
    "before",
    [
        'FROM python:3.13\nUSER root\nCMD ["fastapi", "run"]\n',
        "FROM python:3.13\nRUN true\n# starts\nENTRYPOINT exec uvicorn main:app \\\n  --host 0.0.0.0",
    ],
)
def test_a_user_of_its_own(before: str, tmp_path: Path) -> None:
    made = settled("CFG019", "Dockerfile", before, tmp_path)
    start = next(line for line in before.splitlines() if line.startswith(("CMD", "ENTRYPOINT")))
    assert made == before.replace(start, f"USER 10001\n{start}")


def environment(folder: Path, **versions: str) -> None:
    place = folder / ".venv/lib/python3.13/site-packages"
    for name, version in versions.items():
        (place / f"{name}-{version}.dist-info").mkdir(parents=True)


def test_versions_as_installed(tmp_path: Path) -> None:
    environment(tmp_path, fastapi="0.165.0", Typing_Extensions="4.15.0", uvicorn="0.40.0")
    before = """
    # what runs
    fastapi[standard]>=0.100 ; python_version > "3.10"  # the framework
    typing-extensions
    -c constraints.txt
    uvicorn==0.39.0
    """
    made = settled("PKG001", "requirements.txt", textwrap.dedent(before), tmp_path)
    after = before.replace(">=0.100 ;", "==0.165.0 ;").replace(
        "extensions\n", "extensions==4.15.0\n"
    )
    assert made == textwrap.dedent(after)


def test_versions_of_a_project(tmp_path: Path) -> None:
    environment(tmp_path, fastapi="0.165.0")
    text = (
        '[project]\nname = "shop"\nversion = "1"\ndependencies = [\n  "fastapi~=0.160",  # web\n]\n'
    )
    made = settled("PKG001", "pyproject.toml", text, tmp_path)
    assert made == text.replace("~=0.160", "==0.165.0")
    library = f'{text}\n[build-system]\nrequires = ["hatchling"]\n'
    assert settled("PKG001", "pyproject.toml", library, tmp_path) is None


@pytest.mark.parametrize("text", ["fastapi\nother\n", "fastapi<0.100\n", "fastapi \\\n  >=0.1\n"])
def test_versions_for_a_person(text: str, tmp_path: Path) -> None:
    assert settled("PKG001", "requirements.txt", text, tmp_path) is None
    environment(tmp_path, fastapi="0.165.0")
    assert settled("PKG001", "requirements.txt", text, tmp_path) is None


SOCKETS = '''
from fastapi import Cookie, FastAPI, WebSocket

app = FastAPI()


@app.websocket("/live")
async def live(websocket: WebSocket, session: str = Cookie()):
    """What comes."""
    await websocket.accept()
    await websocket.send_text(session)
'''


def test_sockets_for_own_pages(tmp_path: Path) -> None:
    client = TestClient(application(fixed("CFG018", SOCKETS, tmp_path, safe=False)))
    client.cookies.set("session", "s1")
    for sent in ({}, {"origin": "http://testserver"}):
        with client.websocket_connect("/live", headers=sent) as socket:
            assert socket.receive_text() == "s1"
    for origin in ("https://attacker.example", "null", "http://testserver.attacker.example"):
        with pytest.raises(WebSocketDisconnect):
            client.websocket_connect("/live", headers={"origin": origin}).__enter__()


def test_all_sockets_of_a_file_or_none(tmp_path: Path) -> None:
    second = SOCKETS[SOCKETS.index("@app") :].replace("live", "more")
    found = repairs("CFG018", SOCKETS + second, tmp_path)
    assert len(found) == 2
    (made,) = written(tmp_path, found[:1])
    assert made.after.count("WebSocketException(1008)") == 2
    unnamed = second.replace("websocket: WebSocket", "websocket")
    assert repairs("CFG018", SOCKETS + unnamed, tmp_path) == [None, None]


TABLE = """
import csv
import io

from fastapi import FastAPI, Form

app = FastAPI()


@app.post("/list")
def listed(title: str = Form(), amount: int = Form()):
    out = io.StringIO()
    {line}
    return out.getvalue()
"""


def test_cells_that_begin_like_a_formula(tmp_path: Path) -> None:
    made = fixed(
        "INJ021",
        TABLE.format(line="csv.writer(out).writerow([amount, title])"),
        tmp_path,
        safe=False,
    )
    client = TestClient(application(made))
    for sent, cell in (
        ("=1+1", "'=1+1"),
        ("@a", "'@a"),
        ("tulip", "tulip"),
        ("a=b", "a=b"),
        ("-", "'-"),
    ):
        answer = client.post("/list", data={"title": sent, "amount": -1})
        assert answer.json() == f"-1,{cell}\r\n"


@pytest.mark.parametrize(
    "line", ["csv.writer(out).writerows([[title]])", "csv.writer(out).writerow([title + 'a'])"]
)
def test_cells_for_a_person(line: str, tmp_path: Path) -> None:
    assert fixed("INJ021", TABLE.format(line=line), tmp_path) is None


ENTER = """
import secrets

from fastapi import FastAPI, Form

app = FastAPI()
{more}

@app.post("/enter")
def enter(name: str = Form(), password: str = Form()):
    return {test}
"""


@pytest.mark.parametrize(
    ("test", "more"),
    [
        ("name == 'clerk' and password == 'tulip-7'", ""),
        ("not (name != 'clerk' or password != 'tulip-7')", ""),
        ("name == 'clerk' and secrets.compare_digest(password.encode(), b'tulip-7')", ""),
        ("name == 'clerk' and secrets.compare_digest(password, CLERK)", "CLERK = 'tulip-7'\n"),
    ],
)
def test_passwords_out_of_the_source(
    test: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fixed("AUT015", ENTER.format(test=test, more=more), tmp_path, safe=False)
    assert "tulip-7" not in made
    monkeypatch.setenv("CLERK" if more else "SIGN_IN_PASSWORD", "rose-8")
    client = TestClient(application(made))
    for password, right in (("rose-8", True), ("tulip-7", False), ("röse", False)):
        if more and not password.isascii():
            continue
        answer = client.post("/enter", data={"name": "clerk", "password": password})
        assert answer.json() is right


def test_a_kind_that_is_not_known_is_for_a_person(tmp_path: Path) -> None:
    text = ENTER.format(test="sent['password'] == 'tulip-7'", more="sent = {}\n")
    assert all(item is None for item in repairs("AUT015", text, tmp_path))


def test_rsa_is_padded_by_oaep(tmp_path: Path) -> None:
    text = code("""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from fastapi import FastAPI

    app = FastAPI()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


    @app.post("/seal")
    def sealed(data: bytes) -> bytes:
        return key.public_key().encrypt(data, {})


    @app.post("/open")
    def opened(data: bytes) -> bytes:
        return key.decrypt(data, {})
    """)
    before = text.replace("{}", "padding.PKCS1v15()")
    (tmp_path / "main.py").write_text(before)
    made = [item for item in repairs("SEC004", before, tmp_path) if item]
    assert len(made) == 2
    assert all(not item.safe for item in made)
    (file,) = written(tmp_path, made)
    space: dict[str, object] = {}
    exec(file.after, space)
    assert space["opened"](space["sealed"](b"word")) == b"word"

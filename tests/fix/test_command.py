"""``buckler fix`` as a person calls it, on projects of a few lines, with real scans."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT_SECONDS = 120

SOURCE = """import os

import requests
import yaml
from fastapi import FastAPI, Header

app = FastAPI()


@app.get("/news")
def fetch() -> str:
    return requests.post("https://news.example").text  # once a day


@app.post("/read")
def read(text: str) -> object:
    return yaml.unsafe_load(text)


@app.get("/admin")
def is_admin(key: str = Header()) -> bool:
    admin_key = os.environ["ADMIN_KEY"]
    return key == admin_key
"""

APP = """import sqlite3

from fastapi import FastAPI

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
db.execute("INSERT INTO items (name) VALUES ('bolt')")


@app.get("/items")
def items(q: str) -> list[tuple[int, str]]:
    return db.execute(f"SELECT id, name FROM items WHERE name LIKE '%{q}%'").fetchall()
"""


def fix(folder: Path, *options: str, cache: Path) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "buckler", "fix", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=ENVIRONMENT_SECONDS,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(SOURCE)
    return folder


def test_source_alone(source: Path, tmp_path: Path) -> None:
    shown = fix(source, "--engines", "source", "--diff", cache=tmp_path)
    assert (source / "main.py").read_text() == SOURCE, "--diff writes nothing"
    assert "-    return key == admin_key" in shown.stdout
    assert "timeout" not in shown.stdout, "a repair to be reviewed is not made unasked"

    done = fix(source, "--engines", "source", "--json", cache=tmp_path)
    told = json.loads(done.stdout)
    assert sorted((r["rule"], r["applied"]) for r in told["repairs"]) == [
        ("AUT004", True),
        ("INJ009", True),
    ]
    for repair in told["repairs"]:
        assert {"compiles", "finding gone", "nothing new"} <= set(repair["shown"])
        assert any("not run" in text for text in repair["unshown"])
    assert [item["rule"] for item in told["review"]] == ["EGR003"]
    assert "10 seconds" in told["review"][0]["changes"]
    once = (source / "main.py").read_text()
    assert "hmac.compare_digest(key.encode(), admin_key.encode())" in once

    again = fix(source, "--engines", "source", "--json", cache=tmp_path)
    assert json.loads(again.stdout)["repairs"] == []
    assert (source / "main.py").read_text() == once

    unsafe = fix(source, "--engines", "source", "--unsafe", "--rule", "EGR003", cache=tmp_path)
    assert (
        'requests.post("https://news.example", timeout=10).text  # once a day'
        in (source / "main.py").read_text()
    )
    assert "changes  calls of another server" in unsafe.stdout
    assert "1 fixed" in unsafe.stdout


def test_one_finding_alone(source: Path, tmp_path: Path) -> None:
    done = fix(source, "--engines", "source", "--finding", "zzzz", cache=tmp_path)
    assert done.returncode == 2
    assert "no finding has the fingerprint" in done.stderr


@pytest.mark.parametrize("options", [("--rule", "NOP999"), ("--finding", " "), ("--test", "'open")])
def test_what_is_no_option_is_told(options: tuple[str, ...], source: Path, tmp_path: Path) -> None:
    done = fix(source, "--engines", "source", *options, cache=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_proved_attack_fails_afterwards(tmp_path: Path) -> None:
    """The whole way: attack, repair, attack again in a copy, the project's own tests, write."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(APP)
    (folder / "check.py").write_text("import main; assert main.items('olt') == [(1, 'bolt')]\n")
    done = fix(
        folder, "--rule", "INJ001", "--test", f"{sys.executable} check.py", "--json", cache=tmp_path
    )
    assert done.stdout, done.stderr
    (repair,) = json.loads(done.stdout)["repairs"]
    assert repair["applied"], repair["why"]
    shown = " · ".join(repair["shown"])
    assert "finding gone" in shown
    assert "attack fails (26 of 26)" in shown
    assert "benign unchanged (1 request)" in shown
    assert "tests pass" in shown
    assert 'WHERE name LIKE ?", (f"%{q}%",))' in (folder / "main.py").read_text()


WAREHOUSE = """import logging
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()
TOKENS = {"scanner-token-1": "warehouse"}


def warehouse_only(x_token: Annotated[str, Header()] = "") -> None:
    try:
        if TOKENS[x_token] != "warehouse":
            raise HTTPException(403, "Warehouse only")
    except Exception:
        logging.warning("the token could not be checked")


@app.get("/stock", dependencies=[Depends(warehouse_only)])
def stock() -> dict[str, int]:
    return {"bolts": 3}


@app.get("/prices")
def prices() -> dict[str, int]:
    return {"bolts": 2}
"""


def test_what_passed_only_by_a_broken_check_is_refused_as_meant(tmp_path: Path) -> None:
    """Requests that the closed check stands before may be refused, whoever sends them; no others."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(WAREHOUSE)
    options = ("--rule", "ERR004", "--unsafe", "--identity", "alice=X-Key: alice-key-1")
    done = fix(folder, *options, "--json", cache=tmp_path)
    (repair,) = json.loads(done.stdout)["repairs"]
    assert repair["applied"], repair["why"]
    shown = " · ".join(repair["shown"])
    assert "benign unchanged (2 requests)" in shown
    assert "refused, as meant (2 requests)" in shown
    assert "raise HTTPException(401" in (folder / "main.py").read_text()


EXPORT = """from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
SETTINGS = {f"{name}_secret": f"{name}-Zq8vX2pLw9Zt4Rk" for name in ("jwt", "mail", "shop", "till", "door", "safe")}


class User(BaseModel):
    name: str = "alice"
    password_hash: str = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"


@app.get("/export", response_model=None)
def export() -> User:
    return User()


@app.get("/settings")
def settings() -> dict[str, str]:
    return SETTINGS | {"title": "Shop", "debug": "0", "database_url": "sqlite://"}
"""


def test_every_secret_is_left_out_of_an_answer(tmp_path: Path) -> None:
    """All of more than a message names, and of an answer for which the route says that it has no model."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(EXPORT)
    done = fix(folder, "--rule", "EXP003,EXP005", "--unsafe", "--json", cache=tmp_path)
    repairs = json.loads(done.stdout)["repairs"]
    assert {r["rule"]: (r["applied"], r["why"]) for r in repairs} == {
        "EXP003": (True, ""),
        "EXP005": (True, ""),
    }

"""No report holds a secret of the project's own files, in whatever way it is written there."""

from __future__ import annotations

import pytest

from buckler.core.report import Report
from buckler.scan.formats import by_name, names

PEM = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk4FyR6d1xVb5G7oAoGCCqGSM49
AwEHoUQDQgAE4RrVpHn2oFZ1i2WZ7sQfQmFk8eXb2J0w3uPn6mKkq1VdTgLw9yZs
-----END EC PRIVATE KEY-----"""

MAIN = f'''
import os

import jwt
from fastapi import FastAPI, HTTPException
from pydantic_settings import BaseSettings

import keys
from keys import THE_OTHER

app = FastAPI()
PAYMENT_API_KEY = os.getenv("PAYMENT_API_KEY", "pay_9c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua")


class Settings(BaseSettings):
    database_url: str = "postgresql://ferry:Anchor-rope-47@db.internal/ferry"
    mail_password: str = "Hb7wK3sXe9Gd4Uz6"
    admin_password: str = "say \\"friend\\" 2 enter\\\\x"
    api_token: str = (
        "tkq83hFz"
        "19XmVbE5"
    )


SIGNING_KEY = """{PEM}"""
GITHUB = "ghp_x9Kd82LmQv47TzRw15NbYc63PsHf08Gj2aVe"
# moved from AKIA4QX7ZTM2PLRW6NBD
USERS = {{"alice": "Blue-herring-17", "bob": "Green-cod-99"}}


@app.post("/login")
def login(name: str, password: str) -> dict[str, str]:
    if USERS.get(name) != password:
        raise HTTPException(401)
    return {{"token": jwt.encode({{"sub": name}}, "the-mill-by-the-brook-grinds-slowly", algorithm="HS256")}}


@app.get("/me")
def me(token: str) -> str:
    return str(jwt.decode(token, THE_OTHER, algorithms=["HS256"])["sub"])


@app.get("/find")
def find(q: str) -> str:
    import subprocess
    return subprocess.check_output("PGPASSWORD=Quick-fox-31! psql -c " + q, shell=True, text=True)
'''
KEYS = """
from fastapi import FastAPI

THE_OTHER = "harbour-lights-over-silver-water"
docs = FastAPI()
"""
ENV = """MODE=live
MAIL_PASSWORD=Zx9-kipper-Boat77
STRIPE=sk_live_7eC39HqLyjWDarjtT1zdp4dc
"""
SECRETS = (
    "pay_9c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua",
    "Anchor-rope-47",
    "Hb7wK3sXe9Gd4Uz6",
    'friend\\" 2 enter',
    "tkq83hFz",
    "19XmVbE5",
    "MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk4FyR6d1xVb5G7oAoGCCqGSM49",
    "AwEHoUQDQgAE4RrVpHn2oFZ1i2WZ7sQfQmFk8eXb2J0w3uPn6mKkq1VdTgLw9yZs",
    "Blue-herring-17",
    "Green-cod-99",
    "x9Kd82LmQv47TzRw15NbYc63PsHf08Gj2aVe",
    "AKIA4QX7ZTM2PLRW6NBD",
    "the-mill-by-the-brook-grinds-slowly",
    "harbour-lights-over-silver-water",
    "Zx9-kipper-Boat77",
    "sk_live_7eC39HqLyjWDarjtT1zdp4dc",
    "Quick-fox-31!",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    from tests.conftest import scan_folder

    folder = tmp_path_factory.mktemp("quoted")
    for name, text in {"main.py": MAIN, "keys.py": KEYS, ".env": ENV}.items():
        (folder / name).write_text(text)
    return scan_folder(folder, engines=("source", "app", "packages"), ignore=("PKG",))


@pytest.mark.parametrize("format", names())
def test_no_format_holds_a_secret(report: Report, format: str) -> None:
    made = by_name(format).render(report)
    assert {s for s in SECRETS if s[3:] in made} == set()


def test_each_secret_stood_on_a_line_that_is_shown(report: Report) -> None:
    """So that the test above is about them: what is shown is all of the file but for the secrets."""
    files = {"main.py": MAIN, "keys.py": KEYS, ".env": ENV}
    shown = {
        files[f.location.path].splitlines()[number - 1]
        for f in report.findings
        if f.location.path
        for number, _ in report.excerpts[f.fingerprint]
    }
    told = "\n".join(shown)
    assert {s for s in SECRETS if s not in told} == set()


def test_all_else_is_quoted_as_it_stands(report: Report) -> None:
    shown = {
        text
        for f in report.findings
        if f.location.path == "main.py"
        for _, text in report.excerpts[f.fingerprint]
    }
    assert 'PAYMENT_API_KEY = os.getenv("PAYMENT_API_KEY", "pay…(36)")' in shown
    assert '    database_url: str = "postgresql://ferry:Anc…(14)@db.internal/ferry"' in shown
    assert '    return {"token": jwt.encode({"sub": name}, "the…(35)", algorithm="HS256")}' in shown


def test_steps_of_a_flow_hold_none(report: Report) -> None:
    (found,) = (f for f in report.findings if f.rule == "INJ002")
    steps = [s for p in found.proof if p.kind == "flow" for s in p.data["steps"]]
    assert any("subprocess.check_output" in s["code"] for s in steps)
    assert not any("Quick-fox" in s["code"] for s in steps)


def test_words_that_anybody_knows_are_shown(scan, project) -> None:
    """A finding about ``changeme`` that hides ``changeme`` explains nothing."""
    folder = project(
        {
            "main.py": """
import jwt
from fastapi import FastAPI

app = FastAPI()
SECRET_KEY = "changeme"


@app.get("/coffee")
def coffee(token: str) -> str:
    return str(jwt.decode(token, SECRET_KEY, algorithms=["HS256"])["sub"])
"""
        }
    )
    report = scan(folder, engines=("source",))
    assert 'SECRET_KEY = "changeme"' in {t for e in report.excerpts.values() for _, t in e}


def test_a_secret_that_is_a_word_hides_no_other_code(scan, project) -> None:
    folder = project(
        {
            "main.py": """
import jwt
from fastapi import FastAPI

app = FastAPI()


@app.get("/coffee")
def coffee(token: str) -> str:
    return str(jwt.decode(token, "coffee", algorithms=["HS256"])["sub"])
"""
        }
    )
    report = scan(folder, engines=("source",))
    shown = {t for e in report.excerpts.values() for _, t in e}
    assert {'@app.get("/coffee")', "def coffee(token: str) -> str:"} <= shown
    assert '    return str(jwt.decode(token, "c…(6)", algorithms=["HS256"])["sub"])' in shown


def test_why_an_application_does_not_start_holds_none(scan, project) -> None:
    """Settings say what they were given, and a driver where it wanted to go."""
    folder = project(
        {
            "main.py": """
from fastapi import FastAPI

app = FastAPI()
raise RuntimeError("no way to postgresql://ferry:Anchor-rope-47@db.internal/ferry, api_key='Qm3vX8pLw2Zt6Rk9Jd5'")
"""
        }
    )
    report = scan(folder, engines=("app",))
    made = by_name("text").render(report)
    assert "postgresql://ferry:Anc" in made
    assert "Anchor-rope" not in made
    assert "Qm3vX8pLw" not in made

"""Findings that stood twice, at the wrong place or under the wrong name."""

from __future__ import annotations

BACKGROUND = """
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def work(text: str) -> None:
    raise RuntimeError("nothing to work on")


@app.post("/images")
def images(text: str, tasks: BackgroundTasks) -> dict[str, bool]:
    tasks.add_task(work, text)
    return {"queued": True}
"""
HANDLER = """
import traceback

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.exception_handler(Exception)
async def failed(request, error):
    return PlainTextResponse("".join(traceback.format_exception(error)), 500)


@app.get("/a")
def a() -> float:
    return 1 / 0


@app.get("/b")
def b() -> float:
    return [][0]


@app.get("/c")
def c() -> float:
    return 1
"""
WEAK = """
import os

from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key="forum-secret", https_only=True)
PEOPLE = {
    "ann": {"password": os.environ.get("ANN_PASSWORD", "ann-pass-for-dev")},
    "bob": {"password": os.environ.get("BOB_PASSWORD", "")},
    "eve": {"password": os.environ.get("EVE_PASSWORD", "<your password>")},
}
"""
QUERY = """
from fastapi import FastAPI

app = FastAPI()


@app.post("/reset")
def reset(password: str) -> None:
    return None
"""


def test_an_error_after_the_answer_was_not_answered_with_success(project, scan) -> None:
    assert not scan(project({"main.py": BACKGROUND}), select=("ERR003",)).findings


def test_one_handler_is_one_finding(project, scan) -> None:
    (finding,) = scan(project({"main.py": HANDLER}), select=("ERR002",)).findings
    assert finding.location.line in (10, 11)
    assert finding.confidence.value == "proved"


def test_a_weak_key_is_told_once_and_a_default_password_is_told(project, scan) -> None:
    report = scan(project({"main.py": WEAK}), select=("SEC001", "SEC002"), engines=("source",))
    assert sorted((f.rule, f.location.line) for f in report.findings) == [
        ("SEC001", 10),
        ("SEC002", 8),
    ]


def test_a_password_is_no_api_key(project, scan) -> None:
    (finding,) = scan(project({"main.py": QUERY}), select=("AUT005",)).findings
    assert finding.message.startswith("The password of POST /reset")


def test_the_filter_is_named_that_lets_it_through(project, scan) -> None:
    folder = project({"main.py": QUERY, "pages/a.html": "<p>{{ person.bio | safe }}</p>"})
    (finding,) = scan(folder, select=("INJ015",), engines=("packages",)).findings
    assert "drop |safe" in finding.message

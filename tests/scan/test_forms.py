"""Applications that take a form only with the token of its page are scanned all the same."""

from __future__ import annotations

PAGES = """
import secrets
import sqlite3

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32))
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table notes (id integer primary key, body text)")
PASSWORDS = {"ann": "seven-kettles-and-a-gate"}
PAGE = "<form method=post><input type='hidden' name='form_check' value='%s'><input name=body></form>"


def shown(request: Request) -> str:
    return PAGE % request.session.setdefault("check", secrets.token_urlsafe(32))


async def checked(request: Request) -> None:
    given = str((await request.form()).get("form_check", ""))
    if not secrets.compare_digest(given, request.session.get("check", "-")):
        raise HTTPException(403, "this form is not ours")


@app.get("/enter", response_class=HTMLResponse)
def enter_page(request: Request) -> str:
    return shown(request)


@app.post("/enter", dependencies=[Depends(checked)])
def enter(request: Request, name: str = Form(), password: str = Form()):
    if not secrets.compare_digest(PASSWORDS.get(name, ""), password) or not password:
        raise HTTPException(401)
    request.session["who"] = name
    return RedirectResponse("/notes", 303)


@app.get("/notes", response_class=HTMLResponse)
def notes(request: Request) -> str:
    if "who" not in request.session:
        raise HTTPException(401)
    return shown(request)


@app.post("/notes", dependencies=[Depends(checked)])
def add(request: Request, body: str = Form()):
    if "who" not in request.session:
        raise HTTPException(401)
    db.execute(f"insert into notes (body) values ('{body}')")
    return RedirectResponse("/notes", 303)
"""
ANN = """
[tool.buckler.identities.ann]
login = { request = "POST /enter", form = { name = "ann", password = "seven-kettles-and-a-gate" } }
"""
DOUBLE = """
import secrets
import sqlite3

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table notes (id integer primary key, body text)")


class Note(BaseModel):
    body: str


@app.get("/start")
def start(response: Response) -> dict[str, str]:
    response.set_cookie("XSRF-TOKEN", secrets.token_urlsafe(24), secure=True)
    return {"status": "ready"}


@app.post("/notes")
def add(request: Request, note: Note) -> int:
    sent, kept = request.headers.get("x-xsrf-token", ""), request.cookies.get("XSRF-TOKEN", "-")
    if not secrets.compare_digest(sent, kept):
        raise HTTPException(403)
    db.execute(f"insert into notes (body) values ('{note.body}')")
    return 1
"""


def proved(report) -> list[tuple[str | None, str | None]]:
    return [
        (f.location.operation, f.location.slot) for f in report.findings if f.confidence == "proved"
    ]


def test_hidden_fields_for_visitors_and_for_who_is_signed_in(project, scan) -> None:
    folder = project({"main.py": PAGES, "pyproject.toml": ANN})
    report = scan(folder, select=("INJ001",))
    assert proved(report) == [("POST /notes", "form:body")]
    assert report.coverage.reached_share == 1.0
    assert [gap.why for gap in report.coverage.gaps if "ann" in gap.what] == []


def test_a_cookie_that_is_sent_twice(project, scan) -> None:
    report = scan(project({"main.py": DOUBLE}), select=("INJ001",))
    assert proved(report) == [("POST /notes", "json:body")]

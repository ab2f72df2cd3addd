"""The tests that a report offers are run: against the hole, and against the same code closed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import format_reports
import pytest

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.redact import Redactor
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.formats.replay import pytest_of

MARK = format_reports.MARK
APP = """
import sqlite3
from html import escape
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse

app = FastAPI()

@app.get("/page", response_class=HTMLResponse)
def page(q: str): return f"<h1>{PAGE}</h1>"

@app.get("/mine", response_class=HTMLResponse)
def mine(q: str, authorization: str = Header("")):
    if not authorization: raise HTTPException(401)
    return f"<h1>{PAGE}</h1>"

@app.get("/sql")
def sql(q: str):
    db = sqlite3.connect(":memory:")
    return db.execute(SQL).fetchall()

@app.get("/go")
def go(to: str): return RedirectResponse(GO)

@app.post("/orders")
def orders():
    if DENY: raise HTTPException(403)
    return {}
"""
OPEN = {"PAGE": "{q}", "SQL": "f\"SELECT '{q}'\"", "GO": "to", "DENY": "False"}
CLOSED = {"PAGE": "{escape(q)}", "SQL": '"SELECT ?", (q,)', "GO": '"/"', "DENY": "True"}


def proof(
    url: str, status: int, body: str = "", headers: tuple[tuple[str, str], ...] = (), **more: object
) -> Proof:
    path, _, query = url.partition("?")
    request = Request(str(more.pop("method", "GET")), path, query, (("host", "app.test"),), **more)  # type: ignore[arg-type]
    answer = Answer(status, headers, body.encode(), len(body))
    return proofs.exchange(Exchange(None, request, answer), Redactor(), mark=MARK)


PAGE = format_reports.finding(
    "INJ010", proof=(proof(f"/page?q=%3C{MARK}%3E", 200, f"<h1><{MARK}></h1>"),)
)
SQL = format_reports.finding(
    proof=(format_reports.sink(), proof(f"/sql?q=sample%27{MARK}", 500, "syntax error"))
)
GO = format_reports.finding(
    "INJ011", proof=(proof(f"/go?to=//{MARK}.test", 307, "", (("location", f"//{MARK}.test"),)),)
)
ORDERS = Finding(
    "ACC001",
    "Anybody may do this.",
    Severity.HIGH,
    Confidence.PROVED,
    Location("main.py", 3, "POST /orders"),
    (proof("/orders", 200, "{}", method="POST"),),
)
MINE = format_reports.finding(
    "INJ010", proof=(proof(f"/mine?q=%3C{MARK}%3E", 200, f"<h1><{MARK}></h1>", identity="bob"),)
)


def outcome(folder: Path, code: dict[str, str], text: str) -> str:
    source = APP
    for name, value in code.items():
        source = source.replace("{PAGE}" if name == "PAGE" else name, value)
    (folder / "main.py").write_text(source, encoding="utf-8")
    fixture = "import pytest\n@pytest.fixture\ndef bob(): return {'authorization': 'Bearer bob'}\n"
    (folder / "conftest.py").write_text(fixture, encoding="utf-8")
    (folder / "test_kept.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_kept.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return {0: "green", 1: "red"}.get(done.returncode, done.stdout + done.stderr)


@pytest.mark.parametrize(
    "item", [PAGE, SQL, GO, ORDERS, MINE], ids=["page", "sql", "go", "orders", "mine"]
)
def test_red_while_open_and_green_when_closed(item: Finding, tmp_path: Path) -> None:
    report = format_reports.report(item, target={"applications": ["main:app"]})
    text = pytest_of(report, item)
    assert text
    assert ("(bob: dict[str, str])" in text) == (item is MINE)
    assert outcome(tmp_path, OPEN, text) == "red"
    assert outcome(tmp_path, CLOSED, text) == "green"


def test_no_test_where_the_box_made_the_answer() -> None:
    stopped = Proof("sink", {"sink": "process", "call": "subprocess.Popen", "argument": "ls"})
    flow = Proof("flow", {"steps": [{"text": "stored"}]})
    error = {"type": "Stopped", "message": "Buckler stopped this process before it started"}
    answer = Exchange(
        None, Request("GET", "/sql", ""), Answer(500, body=b"x", error=error), reached=True
    )
    for evidence in (
        (stopped, *SQL.proof[1:]),
        (flow, *PAGE.proof),
        (proofs.exchange(answer, Redactor(), mark=MARK),),
        (proof("/page?q=x", 200, "nothing of the sort"),),
        (proof(f"/a/../{MARK}", 500),),
        (),
    ):
        item = format_reports.finding(proof=evidence)
        assert pytest_of(format_reports.report(item), item) == ""


def test_no_test_where_the_attack_was_a_credential() -> None:
    for slot in ("header:authorization", "cookie:session"):
        item = format_reports.finding("INJ010", slot=slot, proof=PAGE.proof)
        assert pytest_of(format_reports.report(item), item) == ""
    with_identity = replace(ORDERS, proof=(proof("/orders", 200, identity="bob"),))
    assert pytest_of(format_reports.report(with_identity), with_identity) == ""


def test_hostile_text_stays_in_its_literals() -> None:
    bad = "\");import os;os.abort();(\"\n'''"
    data = dict(PAGE.proof[0].data)
    data["replay"] = {"url": f"/{bad}", "headers": [["x-a", bad]], "body_latin1": bad}
    data["request"] = {**data["request"], "identity": f"a b{bad}"}
    item = format_reports.finding("INJ010", proof=(Proof("exchange", data),))
    report = format_reports.report(item, target={"applications": [f"main{bad}:app"]})
    text = pytest_of(report, item)
    tree = compile(text, "kept", "exec", dont_inherit=True)
    assert "os" not in {
        name for code in tree.co_consts if hasattr(code, "co_names") for name in code.co_names
    }
    assert "import os" not in [row.strip() for row in text.split("\n")]

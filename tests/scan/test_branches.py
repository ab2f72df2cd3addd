"""Weaknesses behind a value that nobody would send by chance."""

from __future__ import annotations

import pytest

HEAD = """
import sqlite3
import subprocess
from enum import Enum
from typing import Literal

from fastapi import BackgroundTasks, FastAPI
from pydantic import BaseModel

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table notes (id integer primary key, body text)")


def listed(text: str) -> list[object]:
    return db.execute(f"select * from notes where body = '{text}'").fetchall()
"""
COMPARED = """
class Job(BaseModel):
    kind: str
    payload: str


def work(job: Job) -> None:
    if job.kind == "shell":
        subprocess.run(job.payload, shell=True)


@app.post("/jobs")
def add(job: Job, tasks: BackgroundTasks) -> str:
    tasks.add_task(work, job)
    return "taken"
"""
MATCHED = """
@app.get("/report")
def report(style: str, text: str) -> list[object]:
    match style:
        case "plain" | "table":
            return listed(text)
        case _:
            return []
"""
TABLE = """
STYLES = {"all": listed, "none": lambda text: []}


@app.get("/report")
def report(style: str, text: str) -> list[object]:
    return STYLES.get(style, STYLES["none"])(text)
"""
ENUM = """
class Style(str, Enum):
    none = "none"
    all = "all"


@app.get("/report")
def report(style: Style, text: str) -> list[object]:
    return listed(text) if style is Style.all else []
"""
LITERAL = """
class Question(BaseModel):
    style: Literal["none", "all"]
    text: str


@app.post("/report")
def report(question: Question) -> list[object]:
    return listed(question.text) if question.style == "all" else []
"""
FLAG = """
@app.get("/report")
def report(text: str, deep: bool = False) -> list[object]:
    return listed(text) if not deep else []
"""
BOUND = """
@app.get("/report")
def report(style: str, text: str) -> list[object]:
    if style == "all":
        return db.execute("select * from notes where body = ?", (text,)).fetchall()
    return []
"""


@pytest.mark.parametrize(
    ("text", "rule", "slot"),
    [
        (COMPARED, "INJ002", "json:payload"),
        (MATCHED, "INJ001", "query:text"),
        (TABLE, "INJ001", "query:text"),
        (ENUM, "INJ001", "query:text"),
        (LITERAL, "INJ001", "json:text"),
        (FLAG, "INJ001", "query:text"),
    ],
    ids=["compared", "matched", "table", "enum", "literal", "flag"],
)
def test_it_is_found(text: str, rule: str, slot: str, project, scan) -> None:
    report = scan(project({"main.py": HEAD + text}), select=("INJ001", "INJ002"))
    found = [(f.rule, f.location.slot) for f in report.findings if f.confidence == "proved"]
    assert (rule, slot) in found


def test_what_is_bound_there_is_no_finding(project, scan) -> None:
    assert scan(project({"main.py": HEAD + BOUND}), select=("INJ001",)).findings == ()

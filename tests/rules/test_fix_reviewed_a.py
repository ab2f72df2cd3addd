"""Repairs that keep the program what it was: pages, commands, mails, archives and names of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from buckler.scan.rules.injection.autoescape import MARKUP
from tests.rules.repairing import application, fixed
from tests.rules.test_fix_safe_a import repaired

PAGE = """\
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/p")
def page(name: str) -> HTMLResponse:
    return HTMLResponse({})
"""


@pytest.mark.parametrize(
    "text",
    [
        '"<b>" + name + "</b>"',
        '"<b>" + name',
        '"<b>" + (name) + "</b>"',
        '"<p>" + ("<b>" + name) + "</b>"',
        '"<b>" + f"{name}</b>"',
        "'<b>' + f'x{name}' + '</b>' + name",
    ],
)
def test_a_page_made_of_a_sum_keeps_its_values(text: str, tmp_path: Path) -> None:
    before = PAGE.replace("{}", text)
    after = fixed("INJ010", before, tmp_path)
    assert after is not None
    answers = [
        TestClient(application(file)).get("/p", params={"name": name}).text
        for file, name in ((before, "Ann&amp;&lt;"), (after, "Ann&<"))
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("default", "safe"),
    [
        ('"<b>Welcome</b>"', False),
        ('"you & me"', False),
        ('Query("<i>")', False),
        ('Query(default="<i>")', False),
        ("Query(default_factory=made)", False),
        ('"hello"', True),
        ('Query("hello")', True),
    ],
)
def test_a_default_that_is_markup_is_no_sent_text(default: str, safe: bool, tmp_path: Path) -> None:
    text = f"""\
from fastapi import FastAPI, Query
from markupsafe import Markup
from buckler_example import made

app = FastAPI()


@app.get("/p")
def page(msg: str = {default}) -> str:
    return Markup(f"<p>{{msg}}</p>")
"""
    made = repaired("INJ015", text, tmp_path, "return", MARKUP)
    assert made is not None
    assert made[1] is safe

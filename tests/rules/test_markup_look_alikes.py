"""Text that is marked as safe HTML after a pattern has put tags into it."""

from __future__ import annotations

import pytest

MAIN = """
import re
from html import escape

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from markupsafe import Markup

app = FastAPI()
BOLD = re.compile(r"[*]([^*]{1,200})[*]")


def strong(value: str) -> Markup:
    return Markup(MADE)


@app.get("/", response_class=HTMLResponse)
def page(note: str) -> str:
    return strong(note)
"""


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (r"BOLD.sub(r'<b>\1</b>', escape(value))", 0),
        (r"re.sub('[*](.{1,200})[*]', r'<b>\1</b>', escape(value))", 0),
        (r"re.sub('[*](.{1,200})[*]', string=escape(value), repl=r'<b>\1</b>')", 0),
        (r"BOLD.sub(r'<b>\1</b>', value)", 1),
        (r"BOLD.sub(value, escape('a *b* c'))", 1),
        (r"escape(BOLD.sub(r'<b>\1</b>', value))", 0),
    ],
)
def test_a_pattern_puts_tags_into_escaped_text(made: str, count: int, project, scan) -> None:
    folder = project({"main.py": MAIN.replace("MADE", made)})
    report = scan(folder, select=("INJ015",), engines=("source",))
    assert not report.broken
    assert len(report.findings) == count, [finding.message for finding in report.findings]

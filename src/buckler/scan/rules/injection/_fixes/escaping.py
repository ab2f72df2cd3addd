"""Escapes what templates show: by their environment, or where a template says that it must not be (CWE-79)."""

from __future__ import annotations

import ast
import re

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, unpacks
from buckler.scan.python.modules import made_by

AS_TEXT = "values that hold HTML on purpose are shown as text, unless they are Markup"
_SHOWN = re.compile(r"\{\{-?(?P<inner>(?:[^{}]|\{[^{}]*\})*?)-?\}\}")
_ROW = re.compile(r"[^\n]*\n|[^\n]+")
_SAFE = re.compile(r"\s*\|\s*safe\b(?!\s*\()")


def templates_escaped(draft: Draft, finding: Finding) -> bool:
    """``templates.env.autoescape = True`` behind ``templates = Jinja2Templates(…)``, of which a call at a line answers.

    Starlette escapes in files whose names end with ``.html``, ``.htm`` and ``.xml`` alone.
    """
    for call in draft.calls_at(finding):
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "TemplateResponse":
            continue
        found = made_by(draft.index, call.func.value)
        if found is None:
            continue
        index, made = found
        home = draft if index.path == draft.path else draft.other(index.path)
        for statement in home.index.all(ast.Assign):
            target = statement.targets[0]
            same = isinstance(statement.value, ast.Call) and statement.lineno == made.lineno
            if not same or not isinstance(target, ast.Name) or len(statement.targets) != 1:
                continue
            if unpacks(made) or argument(made, "env") is not None:
                return False
            home.insert_after(statement, f"{target.id}.env.autoescape = True")
            return True
    return False


def shown_as_text(draft: Draft, line: int) -> bool:
    """Take ``|safe`` from the one value of a template's line that has it."""
    rows = _ROW.findall(draft.text)
    if draft.path.endswith(".py") or not 0 < line <= len(rows):
        return False
    start = sum(len(row) for row in rows[: line - 1])
    found = [
        (shown.start("inner") + safe.start(), shown.start("inner") + safe.end())
        for shown in _SHOWN.finditer(rows[line - 1])
        for safe in _SAFE.finditer(shown["inner"])
    ]
    if len(found) != 1:
        return False
    draft.edit(start + found[0][0], start + found[0][1], "")
    return True

"""Puts ``Guard`` around an application, for fixers of what it closes as a whole."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import last
from buckler.scan.rules._support.applications import Made

PAGES = ("HTMLResponse", "Jinja2Templates", "TemplateResponse", "StaticFiles")
NOTICED = (
    "buckler is needed where the application runs; answers have security headers, errors become problem "
    "details, and bodies above 1 MB or more than 600 requests a minute from one address are refused"
)


def guarded(
    draft: Draft, made: Made | None, summary: str, home: Draft | None = None
) -> Repair | None:
    """``Guard(app)`` behind the line that makes the application; None where it has one or is no plain name.

    Args:
        draft: Of the finding.
        made: The application.
        summary: What the guard is for here.
        home: The file of the application, where that is another one.

    An application with pages gets the preset for pages, which lets scripts of its own run.
    """
    at = home or draft
    if made is None or any(last(call.func) == "Guard" for call in at.index.calls):
        return None
    guard = at.name_for("buckler.guard.Guard", made.statement)
    named = (item.name or "" for one in (at, draft) for item in one.index.imports.values())
    preset = f", {at.quote('site')}" if any(name in PAGES for name in named) else ""
    at.insert_after(made.statement, f"{guard}({made.name}{preset})")
    more = "; scripts and styles of other sites, and those in pages without a nonce, do not run"
    return draft.repair(summary, safe=False, changes=NOTICED + (more if preset else ""))


def middleware_added(draft: Draft, made: Made, dotted: str, *options: str) -> None:
    """``app.add_middleware(…)`` behind the line that makes the application."""
    name = draft.name_for(dotted, made.statement)
    listed = ", ".join((name, *options))
    draft.insert_after(made.statement, f"{made.name}.add_middleware({listed})")


def is_added(draft: Draft, name: str) -> bool:
    """Whether a middleware of that name is added or listed anywhere in the file."""
    return any(
        last(item) == name
        for call in draft.index.calls
        for item in (call.func, *call.args)
        if isinstance(item, ast.Name | ast.Attribute)
    )

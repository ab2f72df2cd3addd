"""Renders pages: one environment, one frame around all of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from buckler import __version__
from buckler.guard.limits.csrf import FormToken
from buckler.scan.formats.html import shared
from buckler.watch.web import charts, shown
from buckler.watch.web.figures import Figures
from buckler.watch.web.people import People
from buckler.watch.web.viewer import FIELD, Viewer

if TYPE_CHECKING:
    from jinja2 import Environment

SCRIPTS: Final = ("htmx.min.js", "uPlot.iife.min.js")
"""Of others; pages do without those that are not there."""
STYLE: Final = "uPlot.min.css"
NOTICES: Final = {
    "saved": "Saved.",
    "added": "Added.",
    "removed": "Removed.",
    "queued": "The scan is queued.",
    "joined": "A scan waits already; it will see what this one would have seen.",
    "sent": "A test message was sent.",
    "again": "They are sent again.",
    "revoked": "The token counts no more.",
    "password": "The password is set. Other sign-ins have ended.",
    "signed_out": "You have signed out.",
    "decided": "Decided.",
}
"""What a page says after a form, by the word in its address: nothing that an address brings is shown."""


AT_ONCE: Final = 2
"""Pages that are made at the same time; one that has to count everything leaves the other place free."""


class Web:
    """What the pages of one application share.

    Args:
        key: Of the installation.
        provider: What the button says of whom people sign in with; empty for none.
    """

    def __init__(self, key: bytes, provider: str = "") -> None:
        from buckler.watch.web.viewer import LIFETIME

        self.tokens = FormToken(key, lifetime=LIFETIME)
        self.figures = Figures()
        self.people = People()
        self.provider = provider
        self.turns = asyncio.Semaphore(AT_ONCE)


async def turn(request: Request) -> AsyncIterator[None]:
    """Pages wait for their turn on the loop, in the order in which they came.

    Threads that compute at once take the interpreter from one another, at each row that SQLite gives: ten pages at
    once took twice as long as one after the other. The turn ends before the page is sent, so that whoever reads
    slowly holds nobody up. Forms do not wait here, since they may wait for a lock.
    """
    if request.method != "GET":
        yield
        return
    async with request.app.state.web.turns:
        yield


@cache
def environment() -> Environment:
    """The templates: every value is escaped, one that is missing is an error."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

    report = PackageLoader("buckler.scan.formats", "templates")
    made = Environment(
        loader=ChoiceLoader(
            [PackageLoader("buckler.watch.web", "templates"), PrefixLoader({"report": report})]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown.printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        ago=shown.ago,
        day=shown.day,
        number=shown.number,
        plural=shown.plural,
        state=shown.state,
        kind=shown.kind,
        link=shown.safe_link,
    )
    parts: Any = made.get_template("report/finding.html.j2").module
    states: Any = made.get_template("states.html").module
    made.globals.update(
        # Words that each row of a list has: marked up once, not once a row.
        severity=lru_cache(maxsize=64)(parts.severity),
        confidence=lru_cache(maxsize=64)(parts.confidence),
        standing_as=lru_cache(maxsize=64)(states.state),
        graded=lru_cache(maxsize=1024)(states.grade),
        query=shown.query,
        where=shown.where,
        due=shown.due,
        lasting=shown.lasting,
        chart=charts.chart,
        version=__version__,
        asset=asset,
        scripts=[name for name in SCRIPTS if asset(f"vendor/{name}")],
        chart_style=asset(f"vendor/{STYLE}"),
        form_field=FIELD,
    )
    return made


@cache
def content(name: str) -> bytes | None:
    """A file that pages load, or None: there is no such one."""
    if name == "report.css":
        return shared("report.css").encode()
    found = files("buckler.watch.web").joinpath("static", *name.split("/"))
    return found.read_bytes() if found.is_file() else None


@cache
def asset(name: str) -> str:
    """Address of such a file, which changes with its content; empty where there is none."""
    body = content(name)
    if body is None:
        return ""
    return f"/static/{hashlib.sha256(body).hexdigest()[:12]}/{name}"


def page(viewer: Viewer, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for who is signed in.

    Args:
        viewer: Who looks.
        template: Its file.
        status: Of the answer.
        values: For the template.
    """
    notice = NOTICES.get(viewer.request.query_params.get("told", ""), "")
    text = (
        environment()
        .get_template(template)
        .render(
            viewer=viewer,
            me=viewer.principal,
            path=viewer.request.scope["path"],
            notice=notice,
            wrong=values.pop("wrong", None),
            typed=values.pop("typed", {}),
            **values,
        )
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def plain(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for somebody who need not be signed in."""
    notice = NOTICES.get(request.query_params.get("told", ""), "")
    rest: dict[str, Any] = {
        "viewer": None,
        "me": None,
        "wrong": None,
        "typed": {},
        "notice": notice,
    }
    made = environment().get_template(template)
    text = made.render(**{**rest, "path": request.scope["path"], **values})
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def onward(path: str, told: str = "", **values: Any) -> Response:
    """To another page of ours, which says what was done."""
    from starlette.responses import RedirectResponse

    return RedirectResponse(f"{path}{shown.query(told=told, **values)}", 303)

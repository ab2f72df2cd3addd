"""The report as one HTML file: it can be mailed, opened anywhere and asks nothing of a server.

Nothing is loaded from elsewhere. The one script and the one style sheet stand inside and are
named by their hashes in a Content-Security-Policy, so that text of the application could not
run even if it got past the escaping (CWE-79). Without the script the page shows the same; it
only cannot filter, sort and copy.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from buckler.core.report import Report
from buckler.scan.formats import clean, html_view, view

if TYPE_CHECKING:
    from jinja2 import Environment


class HtmlFormat:
    """One self-contained page."""

    name = "html"
    suffixes = (".html", ".htm")

    def render(self, report: Report) -> str:
        """The page as text."""
        style, script = shared("report.css"), shared("report.js")
        template = _environment().get_template("report.html.j2")
        return template.render(
            page=html_view.page(report),
            view=view,
            style=_trusted(style),
            script=_trusted(script),
            csp=(
                f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
                "img-src data:; base-uri 'none'; form-action 'none'"
            ),
        )


@cache
def shared(name: str) -> str:
    """A template or the style sheet, which the pages of watch have in common with the report."""
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _trusted(text: str) -> Any:
    """A file of ours, to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own file, nothing of the application is in it


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(shared),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plural"] = view.plural
    return environment


def _shown(value: Any) -> Any:
    """Every text that the page shows passes here: no control or direction characters."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return clean.block(value)
    return value

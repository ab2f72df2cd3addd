"""Sends a browser to a provider.

Threat: a page that allows forms to lead anywhere, only since one of its buttons leads to a provider (CWE-1021, CWE-601): browsers
hold the redirect that answers a form against ``form-action`` of the page (CSP3, 6.4.2). What answers a form is therefore a
page that goes on by itself, without a script.
"""

from __future__ import annotations

from html import escape
from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse, Response

NO_STORE: Final = {"Cache-Control": "no-store"}
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Going on</title></head>'
    '<body><p><a href="{}" rel="noreferrer">Go on</a></p></body></html>'
)


def leaving(url: str, *, form: bool) -> Response:
    """To an address on another site.

    Args:
        url: Of the provider.
        form: Whether a form asked for it.
    """
    if not form:
        return RedirectResponse(url, 303, headers=NO_STORE)
    return HTMLResponse(_PAGE.format(escape(url)), headers={"Refresh": f"0; url={url}", **NO_STORE})

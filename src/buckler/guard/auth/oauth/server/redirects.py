"""Sends the answer of an authorization request to the client's address (RFC 6749, 4.1.2; RFC 9207; OAuth 2.0 Form Post).

Threat: an answer that another server's is mixed up with (RFC 9700, 4.4: every answer names the issuer), a form's data that
a 307 would hand on (4.12: 303), a script in a page that only passes something on (a strict policy with the script's hash).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.authorization import Destination

_SCRIPT: Final = "document.forms[0].submit()"
_HASH: Final = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode("ascii")
_FORM: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>One moment</title>
<meta name="viewport" content="width=device-width"></head>
<body><form method="post" action="{action}">{fields}<button type="submit">Continue</button></form>
<script>{script}</script></body></html>"""
UNKEPT: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
LONGEST_QUERY: Final = 3_500
"""Of a form that is asked for again by GET: the strict preset of guard takes addresses of 4 KiB."""


def answer(where: Destination, issuer: str, values: Mapping[str, str]) -> Response:
    """The redirect, or the form that posts itself.

    Args:
        where: The client's address.
        issuer: Of the server (RFC 9207, 2).
        values: Of the answer; those that are empty are left out.
    """
    whole = {**values, "state": where.state, "iss": issuer}
    found = {name: value for name, value in whole.items() if value}
    if where.response_mode == "form_post":
        return _posted(where.redirect_uri, found)
    mark = "#"
    if where.response_mode == "query":
        mark = "&" if "?" in where.redirect_uri else "?"
    # The address was registered whole, and what is added is encoded: nothing of it is quoted again.
    response = Response(status_code=303, headers=UNKEPT)
    response.headers["Location"] = f"{where.redirect_uri}{mark}{urlencode(found)}"
    return response


def refusal(where: Destination, issuer: str, error: OAuthError) -> Response:
    """The answer that says why not (RFC 6749, 4.1.2.1)."""
    said = {"error": error.error, "error_description": error.description}
    return answer(where, issuer, said)


def source_of(redirect_uri: str) -> str:
    """What ``form-action`` has to allow where a form leads to an address in the end (CSP3, 6.4.1).

    Browsers judge each redirect that answers a form by it, those of the client behind its address as well: a client that goes on
    to another host (what signs in for others always does) would be stopped there. So it is the scheme alone, which for ``http``
    lets ``https`` pass, too, and is all that names ``[::1]``: no source has such a host (CSP3, 2.3.1).
    """
    return f"{urlsplit(redirect_uri).scheme}:"


def to(path: str, **query: str) -> Response:
    """A redirect on the own site."""
    target = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(target, 303, headers=UNKEPT)


def by_get(path: str, pairs: Iterable[tuple[str, str]]) -> Response | None:
    """A redirect to what a form asks for, by GET; None where it is too long for an address.

    Args:
        path: On the own site.
        pairs: Of the form.
    """
    query = urlencode(list(pairs))
    if len(query) > LONGEST_QUERY:
        return None
    return RedirectResponse(f"{path}?{query}", 303, headers=UNKEPT)


def _posted(action: str, values: Mapping[str, str]) -> Response:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
    )
    policy = (
        f"default-src 'none'; script-src 'sha256-{_HASH}'; form-action {source_of(action)}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    page = _FORM.format(action=escape(action), fields=fields, script=_SCRIPT)
    return HTMLResponse(page, headers={**UNKEPT, "Content-Security-Policy": policy})

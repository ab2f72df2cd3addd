"""What a page says where something went wrong: in the words that the interface for programs uses, as a page.

Threat: a sign-in that leads to another site (CWE-601): where to go afterwards is a path of ours or nothing.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from buckler.guard import inbound
from buckler.guard.access.access import KEY
from buckler.guard.errors import handlers
from buckler.guard.errors.problem import phrase
from buckler.guard.validate.relative_url import problem
from buckler.watch.api.common import refused
from buckler.watch.errors import MissingError, WatchError
from buckler.watch.web.pages import page, plain
from buckler.watch.web.viewer import STALE_FORM, viewer_of

SIGN_IN: Final = "/sign-in"
NOT_PAGES: Final = (
    "/api/",
    "/auth/",
    "/static/",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
)
LONGEST: Final = 1_000
_SAID: Final = {
    403: "Your role does not allow this. An administrator may give you another one.",
    404: "There is nothing here that you may see. It may be somebody else's, or removed.",
    405: "This address takes no such request.",
    422: "A part of the address is wrong.",
    503: "Something that this page needs does not answer. Try again in a moment.",
}


def is_page(request: Request) -> bool:
    """Whether a person waits for the answer."""
    return not request.scope["path"].startswith(NOT_PAGES)


def install(app: FastAPI) -> None:
    """Answer what goes wrong at pages with pages, and leave everything else as it is."""

    async def on_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException) or not is_page(request):
            return await handlers.on_http_exception(request, error)
        if error.status_code == 401:
            return to_sign_in(request)
        text = STALE_FORM if error.detail == STALE_FORM else _SAID.get(error.status_code, "")
        return _page(request, error.status_code, text)

    async def on_watch(request: Request, error: Exception) -> Response:
        if not isinstance(error, WatchError) or not is_page(request):
            return await refused(request, error)
        text = _SAID[404] if isinstance(error, MissingError) else f"{error.message}. {error.hint}"
        return _page(request, error.status, text)

    async def on_invalid(request: Request, error: Exception) -> Response:
        if not is_page(request):
            return await handlers.on_invalid(request, error)
        return _page(request, 422, _SAID[422])

    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(WatchError, on_watch)
    app.add_exception_handler(RequestValidationError, on_invalid)


def to_sign_in(request: Request) -> Response:
    """To the sign-in, and from there to where the request came from; a form's own address takes no visits."""
    asked = here(request)
    if request.method not in ("GET", "HEAD"):
        back = urlsplit(request.headers.get("referer", ""))
        same = back.netloc == request.headers.get("host", "")
        asked = f"{back.path}?{back.query}".rstrip("?") if same else "/"
    return RedirectResponse(f"{SIGN_IN}?next={quote(own(asked), safe='')}", 303)


def here(request: Request) -> str:
    """The address of a request, below this site."""
    text = request.url.query
    return f"{request.scope['path']}?{text}" if text else str(request.scope["path"])


def own(path: str) -> str:
    """A path of this site, or its beginning."""
    good = path and len(path) <= LONGEST and not problem(path) and not path.startswith(SIGN_IN)
    return path if good else "/"


def _page(request: Request, status: int, text: str) -> Response:
    values: dict[str, Any] = {
        "title": phrase(status),
        "text": text,
        "incident": inbound.request_id(request) if status >= 500 else "",
    }
    _, principal = request.scope.get(KEY, (None, None))
    if principal is not None and principal.scheme == "session":
        return page(viewer_of(request, principal), "error.html", status, **values)
    return plain(request, "error.html", status, **values)

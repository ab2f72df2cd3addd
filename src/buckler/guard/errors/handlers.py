"""The handlers behind problem details, and their installation in an application and all mounted in it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from buckler.core.errors import BucklerError
from buckler.guard import inbound
from buckler.guard.auth.errors import TooBusyError
from buckler.guard.errors import problem
from buckler.guard.errors.details import Details, line
from buckler.guard.errors.mistakes import mistakes
from buckler.guard.errors.places import declared
from buckler.guard.errors.told import ToldError
from buckler.guard.routes import applications
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

log: Final = logging.getLogger("buckler.guard")
MAX_ERRORS = 50
_CHALLENGES = frozenset(("www-authenticate", "proxy-authenticate"))
_NO_WORDS = frozenset(
    (
        *("location", "content-location", "link", "set-cookie", "allow", "retry-after", "vary"),
        *("cache-control", "etag", "last-modified", "content-type", "content-length"),
    )
)
"""Headers that hold addresses of the site, or what the caller shall keep, and no words."""
_BODILESS = frozenset((204, 205, 304))
_DEFAULTS = frozenset(("fastapi.exception_handlers", "starlette.exceptions"))


class ProblemDetails:
    """Problem details for an application: errors that tell nothing, each with a number.

    Args:
        app: FastAPI or Starlette; its mounted applications are covered, too.
        enforce: Whether handlers of the application's own are replaced.

    Handlers that the application registers itself are left alone otherwise. Without a guard around the
    application, answers have no number.
    """

    def __init__(self, app: Starlette, *, enforce: bool = False) -> None:
        install(app, enforce=enforce)


def install(app: Any, *, enforce: bool = False, depth: int = 0) -> None:
    """Register the handlers.

    Args:
        app: FastAPI or Starlette.
        enforce: Whether handlers of the application's own are replaced.
        depth: 0 for the outermost, which takes along what is mounted in it.
    """
    handlers: dict[Any, Any] = app.exception_handlers
    ours: dict[Any, Any] = {
        HTTPException: on_http_exception,
        StoreError: on_unavailable,
        TooBusyError: on_unavailable,
        Exception: on_failure,
    }
    try:
        from fastapi.exceptions import RequestValidationError
    except ImportError:  # Starlette alone
        pass
    else:
        ours[RequestValidationError] = on_invalid
    for key, handler in ours.items():
        known = handlers.get(key, handlers.get(500) if key is Exception else None)
        if known is None or enforce or getattr(known, "__module__", "") in _DEFAULTS:
            handlers[key] = handler
            if key is Exception:
                handlers.pop(500, None)
    if depth == 0:
        for inner in applications(app):
            if hasattr(inner, "exception_handlers"):
                install(inner, enforce=enforce, depth=1)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the application says no with. Its words stay where they tell nothing of the inside."""
    if not isinstance(error, HTTPException):
        return await on_failure(request, error)
    if isinstance(error, ToldError):
        return answer(request, error.status_code, error.more, error.headers)
    status = error.status_code
    number = inbound.request_id(request)
    details = Details(error)
    headers = _headers(error.headers or {}, details, number)
    if status < 200 or status in _BODILESS:
        return Response(status_code=status, headers=headers)
    said = error.detail if status < 500 else None
    kept = said if said == problem.phrase(status) else details.cleaned(said)
    if kept != said or status >= 500:
        log.warning(
            "incident %s: answered %d; it said: %s%s",
            number,
            status,
            line(error.detail),
            _why(error),
        )
    if isinstance(kept, str):
        more: dict[str, Any] = {"detail": kept} if kept != problem.phrase(status) else {}
    else:
        more = {"errors": kept} if kept is not None else {}
    return answer(request, status, more, headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """422: the place and kind of each mistake, and nothing that was sent."""
    find = getattr(error, "errors", None)
    found: Sequence[Mapping[str, Any]] = find() if callable(find) else ()
    known = declared(request.scope)
    listed = mistakes(found[:MAX_ERRORS], known)
    return answer(request, 422, {"errors": listed})


async def on_unavailable(request: Request, error: Exception) -> Response:
    """503: a store of guard's did not answer, or more wait than may; nothing else was done."""
    log.error("incident %s: %s", inbound.request_id(request), type(error).__name__, exc_info=error)
    return answer(request, 503, {}, {"Retry-After": "2"})


async def on_failure(request: Request, error: Exception) -> Response:
    """500: nothing. The layer around the application writes the story to the log."""
    del error
    return answer(request, 500, {})


def answer(
    request: Request, status: int, more: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """A response with a problem."""
    given = dict(request.scope.get("headers", ()))
    kind, content = problem.body(given, status, inbound.request_id(request), more=more)
    kept = {
        k: v
        for k, v in (headers or {}).items()
        if k.lower() not in ("content-type", "content-length")
    }
    return Response(content, status, {**kept, "content-type": kind.decode()})


def _why(error: HTTPException) -> str:
    """What a part of guard's own raised before; others' errors may hold what was sent."""
    cause = error.__cause__
    return f" ({cause})" if isinstance(cause, BucklerError) and error.status_code >= 500 else ""


def _headers(given: Mapping[str, str], details: Details, number: str) -> dict[str, str]:
    """The headers that the application sends with it, without those that tell of the inside."""
    kept = {}
    for name, value in given.items():
        if name.lower() in _NO_WORDS or not details.tells(str(value)):
            kept[name] = value
            continue
        log.warning("incident %s: not sent: %s: %s", number, line(name), line(value))
        if name.lower() in _CHALLENGES:  # a 401 needs one (RFC 9110, 15.5.2)
            kept[name] = str(value).split(" ", 1)[0]
    return kept

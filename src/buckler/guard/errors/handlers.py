"""The handlers behind problem details, and their installation in an application and all mounted in it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from buckler.guard import inbound
from buckler.guard.errors import problem
from buckler.guard.errors.leaks import cleaned
from buckler.guard.routes import applications

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

log: Final = logging.getLogger("buckler.guard")
MAX_ERRORS = 50
MAX_PLACE = 6
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
    ours: dict[Any, Any] = {HTTPException: on_http_exception, Exception: on_failure}
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
    status = error.status_code
    headers = dict(error.headers or {})
    if status < 200 or status in _BODILESS:
        return Response(status_code=status, headers=headers)
    said = error.detail if status < 500 else None
    kept = cleaned(said, error)
    if kept != said or status >= 500:
        number = inbound.request_id(request)
        log.warning("incident %s: answered %d; it said: %s", number, status, _line(error.detail))
    if isinstance(kept, str):
        more: dict[str, Any] = {"detail": kept} if kept != problem.phrase(status) else {}
    else:
        more = {"errors": kept} if kept is not None else {}
    return answer(request, status, more, headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """422: the place and kind of each mistake, and nothing that was sent."""
    find = getattr(error, "errors", None)
    found: Sequence[Mapping[str, Any]] = find() if callable(find) else ()
    listed = [mistake(one) for one in found[:MAX_ERRORS]]
    return answer(request, 422, {"errors": listed})


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


def mistake(error: Mapping[str, Any]) -> dict[str, Any]:
    """One error of Pydantic's without its input, context and address.

    Args:
        error: As ``ValidationError.errors()`` has it.
    """
    kind = str(error.get("type", ""))
    place = list(error.get("loc", ()))
    if kind == "extra_forbidden":
        place = place[:-1]  # the name was the caller's
    words = str(error.get("msg", ""))
    if kind in ("json_invalid", "custom_error") or _echoes(words, error.get("input")):
        words = "The value is not valid"
    shown = [part for part in place[:MAX_PLACE] if isinstance(part, int) or _is_name(part)]
    return {"loc": shown, "type": kind, "msg": words}


def _echoes(words: str, value: Any) -> bool:
    """Whether a message repeats what was sent."""
    if isinstance(value, Mapping):
        return any(_echoes(words, part) for part in list(value.values())[:100])
    if isinstance(value, list | tuple):
        return any(_echoes(words, part) for part in value[:100])
    text = str(value)
    return len(text) >= 3 and text in words


def _is_name(part: Any) -> bool:
    text = str(part)
    return len(text) <= 64 and text.replace("-", "_").replace(".", "_").isidentifier()


def _line(value: Any) -> str:
    """A value on one line of the log (CWE-117)."""
    return repr(value)[:2000]

"""What every route needs: the service, the caller, and an answer to what was refused."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from buckler.guard import Principal, requires
from buckler.watch.errors import (
    BusyError,
    RefusedError,
    StaleError,
    UneditableError,
    WatchError,
)
from buckler.watch.interface import Caller
from buckler.watch.service import Service

READ, SCAN, WRITE, ADMIN = "watch:read", "watch:scan", "watch:write", "watch:admin"
EVENTS, METRICS = "watch:events", "watch:metrics"


def caller_of(principal: Principal) -> Caller:
    """On whose behalf a request is answered."""
    return Caller(principal.id, everything=principal.may(ADMIN))


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _reader(principal: Annotated[Principal, requires(READ)]) -> Caller:
    return caller_of(principal)


def _scanner(principal: Annotated[Principal, requires(SCAN)]) -> Caller:
    return caller_of(principal)


def _sender(principal: Annotated[Principal, requires(EVENTS)]) -> Caller:
    return Caller(principal.id)


def _monitor(principal: Annotated[Principal, requires(METRICS)]) -> Caller:
    return Caller(principal.id)


def _writer(principal: Annotated[Principal, requires(WRITE)]) -> Caller:
    return caller_of(principal)


Watch = Annotated[Service, Depends(_service)]
Reader = Annotated[Caller, Depends(_reader)]
Scanner = Annotated[Caller, Depends(_scanner)]
Monitor = Annotated[Caller, Depends(_monitor)]
Sender = Annotated[Caller, Depends(_sender)]
Writer = Annotated[Caller, Depends(_writer)]


def shown(row: Any, *hidden: str) -> dict[str, Any]:
    """A row as JSON values."""
    return {name: value for name, value in row._mapping.items() if name not in hidden}


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def check_account(watch: Service, user_id: str, field: str) -> None:
    """Look whether somebody is there who is named in a request; nobody is named by an empty text.

    Raises:
        RefusedError: There is no such account.
    """
    if user_id and not watch.is_account(user_id):
        raise RefusedError(f"{field}: there is no account with this id")


def install(app: FastAPI) -> None:
    """Answer what watch refuses with problem details (RFC 9457)."""
    app.add_exception_handler(WatchError, refused)


async def refused(_: Request, error: Exception) -> JSONResponse:
    """The answer to one of watch's own errors; every other one is raised again."""
    if not isinstance(error, WatchError):
        raise error
    headers = {"Retry-After": f"{error.after:.0f}"} if isinstance(error, BusyError) else None
    return JSONResponse(
        problem(error), error.status, headers, media_type="application/problem+json"
    )


def problem(error: WatchError) -> dict[str, Any]:
    """What was refused, as problem details."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.message,
        "status": error.status,
        "code": error.code,
        "detail": error.hint,
    }
    if isinstance(error, StaleError):
        body["present"] = dict(_plain(error.present))
    if isinstance(error, UneditableError):
        body["refused"] = {name: problem(one) for name, one in error.refused.items()}
    return body


def _plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {k: v for k, v in values.items() if isinstance(v, str | int | float | None)}

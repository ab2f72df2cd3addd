"""What listens to the security events may fail: no request breaks, and the log tells of it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from buckler.guard import Guard, Rate
from buckler.guard.audit.events import EventKind, SecurityEvent
from tests.guard.asgi import get
from tests.guard.driven import BOTH, END, START, Runs, drive, layer_of


def raising(event: SecurityEvent) -> None:
    raise OSError("no space left")


@BOTH
def test_a_listener_that_fails_breaks_no_request_and_is_logged(
    run: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(END)

    layer = layer_of(app, listener=raising, rate=Rate(1, 3600))
    statuses = []
    for _ in range(9):
        server, error = run(drive(layer))
        statuses.append((server.status, error))
    assert statuses == [(200, None)] + [(429, None)] * 8
    told = [r for r in caplog.records if "listener failed" in r.getMessage()]
    assert [r.exc_info is not None for r in told] == [True] * 4, "1, 2, 4 and 8 times"


def test_a_listener_that_fails_keeps_no_other_from_hearing_it() -> None:
    app = FastAPI()
    heard: list[SecurityEvent] = []
    guard = Guard(app, events=raising, rate=Rate(1, 3600))
    with guard.listening(raising), guard.listening(heard.append):
        assert [get(app, "/x").status for _ in range(2)] == [404, 429]
    assert [e.reason for e in heard if e.kind is EventKind.LIMIT_EXCEEDED] == ["rate"]


def test_a_listener_that_fails_does_not_keep_the_application_from_starting() -> None:
    app = FastAPI(debug=True)
    Guard(app, events=raising)
    with TestClient(app) as client:
        assert client.get("/x").status_code == 404


def test_a_key_that_raises_is_a_failure_with_headers() -> None:
    def key(inbound: Any) -> str:
        raise LookupError("no tenant")

    app = FastAPI()
    Guard(app, rate=Rate(1, 60, by=key))
    answer = get(app)
    assert answer.status == 500
    assert answer.header("x-content-type-options") == "nosniff"
    assert isinstance(answer.error, LookupError)

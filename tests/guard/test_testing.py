"""The fixtures for an application's own tests, as such a test uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from buckler.guard import EventKind, Guard, GuardError, Rate, identify, with_policy
from buckler.guard.testing import Recorded, guard_events, guard_headers, guard_rate, recorded

__all__ = ["guard_events", "guard_headers", "guard_rate"]


def shop() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    @app.get("/bare")
    @with_policy(headers=None, rate="1/hour")
    async def bare() -> dict[str, int]:
        return {}

    Guard(app, rate="1/hour")
    return app


def test_events_are_recorded(guard_events: Callable[[Any], Recorded]) -> None:
    app = shop()
    events = guard_events(app)
    with TestClient(app) as client:
        client.get("/")
        assert client.get("/").status_code == 429
    assert [e.route for e in events.of(EventKind.LIMIT_EXCEEDED)] == ["/"]
    assert events.reasons[-1] == "rate"


def test_headers_are_asked_for(guard_headers: Callable[..., list[str]]) -> None:
    with TestClient(shop()) as client:
        assert guard_headers(client.get("/")) == []
        assert "x-content-type-options" in guard_headers(client.get("/bare"))


def test_rates_are_changed_for_one_test(guard_rate: Callable[[Any, Any], None]) -> None:
    app = shop()
    guard_rate(app, None)
    with TestClient(app) as client:
        assert {client.get(path).status_code for path in ("/", "/bare") for _ in range(3)} == {200}


def test_and_put_back_after_it() -> None:
    app = shop()
    guard = app.__dict__["__buckler_guard__"]
    with TestClient(app) as client:
        with guard.rated("3/hour"):
            assert [client.get("/bare").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert [client.get("/bare").status_code for _ in range(2)] == [200, 429]


def test_an_application_without_a_guard_is_told() -> None:
    with pytest.raises(GuardError, match="no guard"):
        recorded(FastAPI()).__enter__()


def test_rates_by_principal_count_once_it_is_known() -> None:
    app = FastAPI()

    @app.get("/mine")
    async def mine(request: Request) -> dict[str, int]:
        await identify(request, request.headers["x-user"])
        return {}

    Guard(app, rate=Rate(2, 3600, by="principal"))
    with TestClient(app) as client, recorded(app) as events:
        statuses = [client.get("/mine", headers={"x-user": "ann"}).status_code for _ in range(3)]
        other = client.get("/mine", headers={"x-user": "bob"})
    assert statuses == [200, 200, 429]
    assert (other.status_code, other.headers["cache-control"]) == (200, "no-store")
    assert [e.principal for e in events.of("request.limit_exceeded")] == ["ann"]

"""How what is set weaker is told: once, at the start, in the log and as events."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from buckler.guard import Guard, with_policy
from tests.guard.test_weaknesses import routed


def test_it_is_told_at_the_start_in_the_log_and_as_events(caplog: Any) -> None:
    app = routed()
    events: list[Any] = []
    Guard(app, events=events.append, hosts=["*"])
    with caplog.at_level(logging.WARNING, "buckler.guard"), TestClient(app):
        pass
    told_ = {event.reason: event.message for event in events}
    assert {event.kind for event in events} == {"application.configuration"}
    assert told_["any_host"].startswith("hosts holds '*'")
    assert told_["csrf_off"].startswith("POST /hook: ")
    logged = [record.getMessage() for record in caplog.records]
    assert sorted(logged) == sorted(f"{e.reason}: {e.message}" for e in events)


def test_routes_that_come_while_the_application_starts_are_told_too_and_nothing_twice() -> None:
    events: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if not any(getattr(route, "path", "") == "/late" for route in app.routes):
            app.add_api_route("/late", late, methods=["POST"])
        yield

    @with_policy(csrf=None, rate=None)
    async def late() -> None: ...

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.post("/early")
    @with_policy(csrf=None)
    async def early() -> None: ...

    Guard(app, events=events.append, hosts=["*"])
    for _ in range(2):
        with TestClient(app, base_url="http://shop.example") as client:
            assert client.post("/late").status_code == 200
    assert [(event.reason, event.message.partition(": ")[0]) for event in events] == [
        ("any_host", "hosts holds '*'"),
        ("csrf_off", "POST /early"),
        ("rate_off", "POST /late"),
        ("csrf_off", "POST /late"),
    ]


def test_what_a_test_changes_is_told_as_nobody_s_choice() -> None:
    events: list[Any] = []
    app = FastAPI(docs_url=None, redoc_url=None)
    guard = Guard(app, events=events.append, hosts=["*"])
    with guard.rated(None), TestClient(app):
        assert events == []
    with TestClient(app):
        assert [event.reason for event in events] == ["any_host"]


class OwnLayer:
    """A middleware of the application's own, whose options have names that others have, too."""

    def __init__(self, app: Any, **options: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.mark.parametrize(
    ("origins", "reasons"),
    [
        (None, set()),
        (7, set()),
        (lambda origin: True, set()),
        ("https://app.example", set()),
        (["https://app.example"], set()),
        (["*"], {"cors_any"}),
        ("*", {"cors_any"}),
    ],
)
def test_options_of_any_middleware_may_be_anything(origins: Any, reasons: set[str]) -> None:
    app = FastAPI()
    app.add_middleware(OwnLayer, allow_origins=origins, allow_credentials=True)
    guard = Guard(app)
    assert {reason for reason, _ in guard.weaknesses()} == reasons
    with TestClient(app) as client:
        assert client.get("/").status_code == 404

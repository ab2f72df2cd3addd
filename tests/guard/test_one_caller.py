"""All callers look like one: told once, with the option that ends it, and never where it is not so."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI

from buckler.guard import Guard, RateLimit
from tests.guard.asgi import get


def shop(**options: Any) -> tuple[FastAPI, list[Any]]:
    app = FastAPI()
    events: list[Any] = []

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    Guard(app, events=events.append, **options)
    return app, events


def told(events: list[Any]) -> list[str]:
    found = [event for event in events if event.reason == "one_caller"]
    assert all(event.kind == "application.configuration" for event in found)
    return [event.message for event in found]


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (None, {}),
        ("10.0.0.5", {"x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", {"x-forwarded-for": "192.168.1.20"}),
        ("fd00::1", {"forwarded": 'for="[2001:db8::7]:4711";proto=https'}),
        ("10.0.0.5", {"forwarded": "proto=https;FOR=192.0.2.60, for=198.51.100.17"}),
        # A public peer: a network of caches before the application.
        ("104.16.0.1", {"x-forwarded-for": "8.8.8.8"}),
    ],
)
def test_it_is_told_once(
    client: str | None, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    app, events = shop()
    with caplog.at_level(logging.WARNING, "buckler.guard"):
        for path in ("/", "/none", "/", "/other"):
            peer = (client, 4711) if client else None
            assert get(app, path, headers, client=peer).status in (200, 404)
    (message,) = told(events)
    assert f"proxies=[{client or 'unix'!r}]" in message
    assert sum(record.getMessage().startswith("one_caller: ") for record in caplog.records) == 1


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("198.51.100.7", {}),
        ("testclient", {}),
        # uvicorn put in what the proxy told, and leaves the header.
        ("203.0.113.9", {"x-forwarded-for": "203.0.113.9"}),
        ("203.0.113.9", {"x-forwarded-for": "203.0.113.9, 10.0.0.1"}),
        # The proxy of a company tells of its own people.
        ("8.8.8.8", {"x-forwarded-for": "192.168.3.4"}),
        ("8.8.8.8", {"forwarded": "for=unknown"}),
        ("10.0.0.5", {"forwarded": "for=_hidden;by=203.0.113.43"}),
        ("10.0.0.5", {"x-forwarded-for": "nonsense"}),
        ("10.0.0.5", {"x-forwarded-host": "shop.example", "x-real-ip": "203.0.113.9"}),
    ],
)
def test_it_is_not_told_where_it_is_not_so(client: str, headers: dict[str, str]) -> None:
    app, events = shop()
    for path in ("/", "/none"):
        get(app, path, headers, client=(client, 4711))
    assert told(events) == []


@pytest.mark.parametrize("proxies", [["10.0.0.0/8"], ["unix"]])
def test_it_is_not_told_where_proxies_are_named(proxies: list[str]) -> None:
    app, events = shop(proxies=proxies)
    get(app, headers={"x-forwarded-for": "203.0.113.9"}, client=("10.0.0.5", 1))
    get(app, client=None)
    assert told(events) == []


def test_a_route_that_is_known_is_looked_at_where_a_rate_refuses() -> None:
    app, events = shop(rate="3/hour")
    peer = {"client": ("10.0.0.5", 1)}
    assert get(app, **peer).status == 200
    behind = [
        get(app, headers={"x-forwarded-for": f"203.0.113.{n}"}, **peer).status for n in range(3)
    ]
    assert behind == [200, 200, 429]
    assert len(told(events)) == 1


def test_the_rate_alone_tells_it_too() -> None:
    events: list[Any] = []
    app, _ = shop()
    alone = RateLimit(app, "10/hour", events=events.append)
    get(alone, headers={"x-forwarded-for": "203.0.113.9"}, client=("10.0.0.5", 1))
    assert len(told(events)) == 1

"""What a second look at the layer found open: heads, principals, keys, nonces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request

from buckler.guard import BodyLimit, Guard, Rate, TrustedHosts, identify
from tests.guard.asgi import ask, get


def plain(**options: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    Guard(app, **options)
    return app


def test_names_of_headers_count_as_their_values_do() -> None:
    app = plain(header_size="8 KiB")
    assert get(app, headers={"x-" + "n" * 9000: "1"}).status == 431
    # 4,000 of each: neither alone passes 8 KiB, both do.
    both = [(f"x-{'n' * 998}{i}", "v" * 1100) for i in range(4)]
    assert get(app, headers=both).status == 431
    assert get(app, headers=[(name, "v") for name, _ in both]).status == 200


def test_names_that_come_twice_are_counted_twice() -> None:
    app = plain(header_size="8 KiB")
    assert get(app, headers=[("x-" + "n" * 900, "1")] * 10).status == 431


def test_without_hosts_the_rest_of_a_head_is_looked_at() -> None:
    app = plain(hosts=None)
    assert get(app, headers={"host": "any thing/at all"}).status == 200
    assert get(app, headers=[(f"x-{n}", "1") for n in range(200)]).status == 431
    assert get(app, headers={"x-a": "x" * 40_000}).status == 431
    assert get(app, "/" + "x" * 9000).status == 414
    assert get(app, query=b"&".join([b"k=1"] * 300)).status == 400
    twice = [("host", "shop.example"), ("host", "evil.example")]
    assert get(app, headers=twice).status == 400


@pytest.mark.parametrize("status", [200, 431])
def test_a_part_alone_checks_what_is_its_own(status: int) -> None:
    inner = FastAPI()
    inner.add_api_route("/", lambda: {})
    app: Any = BodyLimit(inner) if status == 200 else TrustedHosts(inner, ["shop.example"])
    many = [(f"x-{n}", "1") for n in range(200)]
    assert asyncio.run(ask(app, "GET", "/", many)).status == status


def named(again: list[str]) -> FastAPI:
    """An application that says who asks, and says it again: ``X-User``, then each of ``again``."""
    app = FastAPI()

    @app.get("/")
    async def home(request: Request) -> dict[str, int]:
        for name in (request.headers["x-user"], *again):
            try:
                await identify(request, name)
            except HTTPException:
                if name != "swallowed":
                    raise
        return {}

    Guard(app, rate=Rate(3, 3600, by="principal"))
    return app


@pytest.mark.parametrize("again", [[], ["ann"], ["ann", "ann"]])
def test_a_principal_is_counted_once_for_a_request(again: list[str]) -> None:
    app = named(again)
    ann = [get(app, headers={"x-user": "ann"}).status for _ in range(4)]
    assert ann == [200, 200, 200, 429]


def test_each_principal_of_a_request_is_counted() -> None:
    app = named(["ann"])
    statuses = [get(app, headers={"x-user": f"staff-{n}"}).status for n in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_who_was_refused_is_refused_again() -> None:
    app = named(["swallowed", "swallowed"])
    statuses = [get(app, headers={"x-user": "swallowed"}).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]

"""What a second look at the layer found open: heads, principals, keys, nonces."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, Response, Security
from fastapi.security import APIKeyHeader, APIKeyQuery

from buckler.guard import (
    BodyLimit,
    Guard,
    HeaderPolicy,
    Rate,
    TrustedHosts,
    csp_nonce,
    identify,
    with_policy,
)
from buckler.guard.headers.cache_control import CacheControl
from buckler.guard.presets import site
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

    @inner.get("/")
    async def home() -> None: ...

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


HEADER = APIKeyHeader(name="X-Shop-Key", auto_error=False)


def holder(key: Annotated[str | None, Security(HEADER)]) -> str | None:
    return key


def keyed() -> FastAPI:
    """Keys by header and query, one of them below a dependency in a mounted application."""
    app, inner = FastAPI(), FastAPI()
    query = APIKeyQuery(name="shop_key", auto_error=False)

    @inner.get("/orders")
    async def orders(who: Annotated[str | None, Depends(holder)]) -> dict[str, int]:
        return {}

    @app.get("/report", dependencies=[Security(query)])
    async def report() -> dict[str, int]:
        return {}

    @app.get("/catalogue")
    async def catalogue(response: Response) -> dict[str, int]:
        response.headers["Cache-Control"] = "public, max-age=60"
        return {}

    app.mount("/inner", inner)
    Guard(app)
    return app


@pytest.mark.parametrize("path", ["/inner/orders", "/report"])
def test_answers_of_a_route_that_takes_a_key_are_kept_by_nobody(path: str) -> None:
    for headers, query in (({}, b""), ({"x-shop-key": "k"}, b""), ({}, b"shop_key=k")):
        answer = get(keyed(), path, headers, query=query)
        assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, None),
        ({"x-other": "1"}, None),
        ({"x-api-key": "k"}, "no-store"),
        ({"authorization": "Bearer k"}, "no-store"),
    ],
)
def test_what_is_a_key_wherever_it_is_sent(headers: dict[str, str], kept: str | None) -> None:
    assert get(keyed(), "/none", headers).header("cache-control") == kept


def test_what_the_application_says_of_its_cache_stays() -> None:
    answer = get(keyed(), "/catalogue", {"x-shop-key": "k"})
    assert answer.header("cache-control") == "public, max-age=60"


def test_a_name_of_a_key_is_looked_for_where_it_is_declared_alone() -> None:
    assert get(plain(), headers={"x-shop-key": "k"}).header("cache-control") is None


def paged(**changes: Any) -> FastAPI:
    """Pages with and without the nonce, one that says itself how long it is kept."""
    app = FastAPI()

    @app.get("/plain")
    async def plain_page() -> dict[str, int]:
        return {}

    @app.get("/page")
    async def page(request: Request, response: Response) -> dict[str, str]:
        response.headers["X-Nonce"] = csp_nonce(request)
        if "cookie" in request.query_params:
            response.set_cookie("a", "1")
        return {}

    @app.get("/own")
    async def own(request: Request, response: Response) -> dict[str, str]:
        response.headers["Cache-Control"] = "private, max-age=5"
        return {"nonce": csp_nonce(request)}

    @app.get("/wished")
    @with_policy(cache_control="private")
    async def wished(request: Request) -> dict[str, str]:
        return {"nonce": csp_nonce(request)}

    headers = site().headers
    assert headers is not None
    values = {name: getattr(headers, name) for name in HeaderPolicy.__dataclass_fields__}
    Guard(app, "site", headers=HeaderPolicy(**{**values, **changes}))
    return app


@pytest.mark.parametrize(
    ("path", "changes", "kept"),
    [
        ("/plain", {}, None),
        ("/page", {}, "no-store"),
        ("/page", {"cache_control": None}, "no-store"),
        ("/page", {"enforce": True}, "no-store"),
        ("/own", {}, "private, max-age=5"),
        ("/wished", {}, "private"),
        ("/docs", {}, "no-store"),
    ],
)
def test_a_page_with_a_nonce_is_kept_by_nobody(
    path: str, changes: dict[str, Any], kept: str | None
) -> None:
    answer = get(paged(**changes), path)
    assert answer.status == 200
    assert answer.header("cache-control") == kept


@pytest.mark.parametrize("headers", [{}, {"cookie": "a=1"}])
def test_it_says_so_once(headers: dict[str, str]) -> None:
    app = paged(cache_control=CacheControl("private"))
    answer = get(app, "/page", headers, query=b"cookie=1")
    assert answer.values("cache-control") == ["private" if headers else "no-store"]

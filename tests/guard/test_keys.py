"""Callers that are known by a key of the application's own: their answers stay in nobody's cache."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Response
from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBearer
from pydantic import BaseModel

from buckler.guard import Guard, HeaderPolicy, with_policy
from buckler.guard.headers.cache_control import CacheControl
from tests.guard.asgi import get


class OwnScheme(APIKeyHeader):
    """Made of FastAPI's."""


class Credentials(BaseModel):
    x_api_key: str = ""


def by_header(value: Annotated[str, Header(alias="X-Access-Token")] = "") -> str:
    return value


KEYS = {
    "a scheme of a header": Depends(APIKeyHeader(name="X-Shop", auto_error=False)),
    "a scheme of the query": Depends(APIKeyQuery(name="k", auto_error=False)),
    "a scheme made of one": Depends(OwnScheme(name="X-Shop", auto_error=False)),
    "a header": Depends(by_header),
}
OTHERS = {
    "a scheme of Authorization": Depends(HTTPBearer(auto_error=False)),
    "a scheme of Cookie": Depends(APIKeyCookie(name="session", auto_error=False)),
}


def answering(dependency: Any, **options: Any) -> FastAPI:
    app = FastAPI()
    router = APIRouter(dependencies=[dependency])

    @router.get("/")
    async def home() -> dict[str, int]:
        return {}

    @router.get("/own")
    async def own(response: Response) -> dict[str, int]:
        response.headers["cache-control"] = "public, max-age=60"
        return {}

    app.include_router(router)
    Guard(app, **options)
    return app


@pytest.mark.parametrize("name", KEYS)
def test_routes_that_take_a_key_are_not_kept(name: str) -> None:
    app = answering(KEYS[name])
    assert get(app).header("cache-control") == "no-store"
    assert get(app, "/own").header("cache-control") == "public, max-age=60"
    assert get(app, "/nowhere").header("cache-control") is None


@pytest.mark.parametrize("name", OTHERS)
def test_routes_whose_credential_is_seen_are_kept_where_there_is_none(name: str) -> None:
    app = answering(OTHERS[name])
    assert get(app).header("cache-control") is None
    assert get(app, headers={"authorization": "Bearer x"}).header("cache-control") == "no-store"


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("x-key", "no-store"),
        ("apikey", "no-store"),
        ("X-Auth", "no-store"),
        ("idempotency-key", None),
        ("x-csrf-token", None),
        ("x-keyboard", None),
        ("accept-language", None),
        ("x-request-id", None),
    ],
)
def test_a_header_is_known_by_its_name(header: str, kept: str | None) -> None:
    app = FastAPI()

    @app.get("/")
    async def home(value: str = Header("", alias=header)) -> dict[str, str]:
        return {"value": value}

    Guard(app)
    assert get(app).header("cache-control") == kept
    assert get(app, headers={header: "sent"}).body == b'{"value":"sent"}'


def test_a_model_of_headers_is_looked_into() -> None:
    app = FastAPI()

    @app.get("/")
    async def home(found: Annotated[Credentials, Header()]) -> dict[str, int]:
        return {}

    Guard(app)
    assert get(app).header("cache-control") == "no-store"


def test_a_policy_may_say_otherwise() -> None:
    app = answering(KEYS["a header"], headers=HeaderPolicy(cache_control=None))
    assert get(app).header("cache-control") is None


def test_what_a_route_says_holds_for_all_its_answers() -> None:
    app = FastAPI()
    private = HeaderPolicy(cache_control=CacheControl("private, max-age=60"))

    @app.get("/")
    @with_policy(headers=private)
    async def mine(value: Annotated[str, Depends(by_header)]) -> dict[str, int]:
        return {}

    Guard(app)
    assert get(app).header("cache-control") == "private, max-age=60"

"""Accounts while something fails, or happens at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from buckler.guard import Guard, SqlStores, StoreError, User, authenticated
from buckler.guard.auth.api_key import ApiKeyService, Issued
from buckler.guard.auth.errors import CredentialError
from tests.guard.access.shop import SECRET
from tests.guard.auth.shop import GOOD, OTHER, Shop, bearer, opened, pair

ANN = "ann@shop.example"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


class Failing:
    """Accounts of a store that fails at one change of what is known of an account."""

    def __init__(self, users: Any, at: int) -> None:
        self._users = users
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._users, name)

    async def set_state(self, user_id: str, **changes: Any) -> bool:
        self._left -= 1
        if self._left == 0:
            raise StoreError("the database did not answer")
        return bool(await self._users.set_state(user_id, **changes))


@pytest.mark.parametrize("at", [1, 2])
def test_a_store_that_fails_leaves_no_new_password_with_old_sessions(shop: Shop, at: int) -> None:
    shop.account()
    tokens = pair(shop).json()
    shop.enter()
    accounts: Any = shop.guard.identities.accounts
    accounts._users = Failing(accounts._users, at)
    change = {"current_password": GOOD, "password": OTHER}
    assert shop.client.post("/auth/password", json=change).status_code == 503
    alive = shop.client.get("/auth/me").status_code == 200
    alive |= shop.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 200
    shop.client.cookies.clear()
    changed = shop.post("/sign-in", name=ANN, password=OTHER).status_code == 200
    assert not (changed and alive)


@pytest.mark.parametrize("path", ["/sessions", "/sign-out"])
def test_a_store_that_does_not_answer_is_503(shop: Shop, path: str) -> None:
    shop.account()
    headers = bearer(pair(shop).json()["access_token"])
    stores: Any = shop.guard.identities.stores

    async def lose() -> None:
        async with stores.session() as session:
            await session.execute(text("ALTER TABLE buckler_sessions RENAME TO lost"))
            await session.commit()

    shop.in_loop(lose)
    if path == "/sign-out":
        answer = shop.client.post(
            "/auth/sign-out", headers={"Cookie": "__Host-session=" + "a" * 43}
        )
    else:
        answer = shop.client.get("/auth/sessions", headers=headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "lost" not in answer.text
    assert "buckler_sessions" not in answer.text


async def keys_at_once(tmp_path: Path) -> None:
    stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path}/keys.db", create=True)
    await stores.open()
    await stores.users.add(User(id="ann", name="ann"))
    keys = ApiKeyService(stores.keys, most=3)
    made = await asyncio.gather(
        *(keys.issue("ann", str(number)) for number in range(12)), return_exceptions=True
    )
    assert all(isinstance(one, Issued | CredentialError) for one in made)
    assert len(await keys.of("ann")) <= 3
    await stores.close()


def test_keys_that_are_made_at_once_are_no_more_than_may_be(tmp_path: Path) -> None:
    asyncio.run(keys_at_once(tmp_path))


async def first_requests(tmp_path: Path) -> list[int]:
    app = FastAPI()
    guard = Guard(
        app, secret=SECRET, database=f"sqlite+aiosqlite:///{tmp_path}/new.db", docs="public"
    )

    @app.get("/me", dependencies=[authenticated])
    async def me() -> str:
        return "me"

    statuses: list[int] = []

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": "/me",
            "raw_path": b"/me",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"shop.example"), (b"x-api-key", b"bk_no")],
            "client": ("192.0.2.1", 1),
            "server": ("shop.example", 443),
        }
        await app(scope, receive, send)

    await asyncio.gather(*(ask() for _ in range(5)))
    await guard.identities.close()
    return statuses


def test_first_requests_at_once_open_the_stores_once(tmp_path: Path) -> None:
    """Where nobody starts the application: all of them find it not ready."""
    assert asyncio.run(first_requests(tmp_path)) == [401] * 5

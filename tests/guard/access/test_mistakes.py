"""Slips of the pen that would leave a route open or dead are told at the start, with what to write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from buckler.guard import (
    Guard,
    GuardError,
    SecurityEvent,
    authenticated,
    optional,
    public,
    requires,
)
from tests.guard.access.shop import SECRET, client, shop


@pytest.mark.parametrize("rule", [authenticated, optional, public])
def test_a_rule_that_is_called(rule: Any) -> None:
    with pytest.raises(GuardError, match="value") as refused:
        rule()
    assert "dependencies=[public]" in refused.value.hint


@pytest.mark.parametrize("rule", [authenticated, requires("orders:read"), optional, public])
@pytest.mark.parametrize("deny", [None, False])
def test_depends_around_a_rule_does_not_start(rule: Any, deny: bool | None) -> None:
    app = FastAPI()

    @app.get("/orders", dependencies=[Depends(rule)])
    async def orders() -> str:
        return "orders"

    shop(app, deny=deny)
    with pytest.raises(GuardError, match=r"orders: Depends\(") as refused, client(app):
        pass
    assert "without Depends" in refused.value.hint


def test_depends_in_annotated_and_without_identities_does_not_start() -> None:
    app = FastAPI()

    @app.get("/orders")
    async def orders(who: Annotated[Any, Depends(authenticated)]) -> str:
        return "orders"

    Guard(app)
    with pytest.raises(GuardError, match="Depends"), client(app):
        pass


def reasons(app: FastAPI, **options: Any) -> list[str]:
    events: list[SecurityEvent] = []
    Guard(app, events=events.append, **options)
    with client(app):
        return [event.reason for event in events]


def test_rules_without_identities_are_told() -> None:
    app = FastAPI()

    @app.get("/orders", dependencies=[authenticated])
    async def orders() -> str:
        return "orders"

    assert "no_identities" in reasons(app)


def test_what_is_public_needs_no_identities() -> None:
    app = FastAPI()

    @app.get("/health", dependencies=[public])
    async def health() -> str:
        return "ok"

    assert "no_identities" not in reasons(app, deny=True, docs="public")


def test_permissions_of_the_ready_made_routes_are_not_misspelt(tmp_path: Path) -> None:
    app = FastAPI()
    events: list[SecurityEvent] = []
    guard = Guard(
        app,
        secret=SECRET,
        database=f"sqlite+aiosqlite:///{tmp_path}/shop.db",
        roles={"reader": ["orders:read"]},
        docs="public",
        events=events.append,
    )
    app.include_router(guard.identities.router())

    @app.get("/orders", dependencies=[requires("orders:raed")])
    async def orders() -> str:
        return "orders"

    with client(app):
        told = [one.message for one in events if one.reason == "permission_unknown"]
    assert [message.partition(": ")[0] for message in told] == ["orders:raed"]


def test_the_log_says_what_the_database_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    guard = Guard(
        app, secret=SECRET, database=f"sqlite+aiosqlite:///{tmp_path}/shop.db", docs="public"
    )
    app.include_router(guard.identities.router())
    body = {"name": "ann@shop.example", "password": "correct horse battery staple"}
    with TestClient(app, base_url="https://testserver") as found:
        with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
            other.execute("ALTER TABLE buckler_users RENAME TO gone")
        answer = found.post("/auth/sign-up", json=body)
    assert answer.status_code == 503
    assert "no such table" not in answer.text
    assert "no such table: buckler_users" in caplog.text
    assert body["name"] not in caplog.text

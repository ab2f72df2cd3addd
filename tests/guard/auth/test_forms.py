"""Pages of the application's own sign in by the same steps as the ready-made routes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Form, Request, Response
from starlette.responses import RedirectResponse

from buckler.guard import (
    AuthPolicy,
    CredentialError,
    EventKind,
    Guard,
    GuardError,
    MemoryStores,
    public,
)
from tests.guard.access.shop import SECRET
from tests.guard.auth.mfa.test_factor_routes import code
from tests.guard.auth.shop import GOOD, Shop, opened

NAME = "ann@shop.example"


def pages(app: FastAPI, guard: Guard) -> None:
    @app.post("/sign-in", dependencies=[public])
    async def enter(
        request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()]
    ) -> Response:
        answer = RedirectResponse("/", 303)
        try:
            entered = await guard.identities.forms.sign_in(request, answer, name, password)
        except CredentialError:
            return Response("wrong", 401)
        return answer if entered.status == "signed_in" else Response(entered.ticket)

    @app.post("/code", dependencies=[public])
    async def enter_code(
        request: Request, ticket: Annotated[str, Form()], code: Annotated[str, Form()]
    ) -> Response:
        answer = RedirectResponse("/", 303)
        try:
            await guard.identities.forms.second_factor(request, answer, ticket, code)
        except CredentialError:
            return Response("wrong", 401)
        return answer

    @app.post("/leave", dependencies=[public])
    async def leave(request: Request) -> Response:
        answer = RedirectResponse("/sign-in", 303)
        await guard.identities.forms.sign_out(request, answer)
        return answer


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        pages(found.client.app, found.guard)  # type: ignore[arg-type]
        found.account()
        yield found


def sent(shop: Shop, path: str, **form: str) -> Any:
    return shop.client.post(path, data=form, follow_redirects=False)


def signed_in(shop: Shop) -> bool:
    return bool(shop.client.get("/auth/me").status_code == 200)


def test_in_and_out(shop: Shop) -> None:
    answer = sent(shop, "/sign-in", name=NAME, password=GOOD)
    assert answer.status_code == 303
    names = [one.partition("=")[0] for one in answer.headers.get_list("set-cookie")]
    assert names == ["__Host-session", "__Host-device"]
    assert signed_in(shop)
    kept = shop.client.cookies["__Host-session"]
    out = sent(shop, "/leave")
    assert out.headers["clear-site-data"] == '"cache", "storage"'
    assert not signed_in(shop)
    # The session has ended, not the cookie alone.
    cookie = {"Cookie": f"__Host-session={kept}"}
    assert shop.client.get("/auth/me", headers=cookie).status_code == 401
    assert shop.reasons(EventKind.SIGNED_OUT) == ["session"]


def test_a_wrong_password_sets_nothing(shop: Shop) -> None:
    answer = sent(shop, "/sign-in", name=NAME, password="not it, not at all")
    assert (answer.status_code, answer.text) == (401, "wrong")
    assert "set-cookie" not in answer.headers
    assert not signed_in(shop)


def test_an_address_that_must_be_verified(tmp_path: Path) -> None:
    with opened(tmp_path, verified_only=True) as shop:
        pages(shop.client.app, shop.guard)  # type: ignore[arg-type]
        assert shop.post("/sign-up", name=NAME, password=GOOD).status_code == 202
        assert sent(shop, "/sign-in", name=NAME, password=GOOD).status_code == 401
        assert not signed_in(shop)


def test_a_second_factor_is_asked_for(shop: Shop) -> None:
    shop.enter()
    uri = shop.post("/factors/totp").json()["uri"]
    assert shop.post("/factors/totp/confirm", code=code(uri, -1)).status_code == 200
    shop.post("/sign-out")
    first = sent(shop, "/sign-in", name=NAME, password=GOOD)
    assert first.status_code == 200
    assert "set-cookie" not in first.headers
    assert not signed_in(shop)
    assert sent(shop, "/code", ticket=first.text, code="000000").status_code == 401
    assert not signed_in(shop)
    assert sent(shop, "/code", ticket=first.text, code=code(uri, 0)).status_code == 303
    assert signed_in(shop)


def test_a_ticket_for_tokens_is_none_for_a_session(shop: Shop) -> None:
    shop.enter()
    uri = shop.post("/factors/totp").json()["uri"]
    assert shop.post("/factors/totp/confirm", code=code(uri, -1)).status_code == 200
    shop.post("/sign-out")
    ticket = shop.post("/tokens", name=NAME, password=GOOD).json()["ticket"]
    assert sent(shop, "/code", ticket=ticket, code=code(uri, 0)).status_code == 401
    assert not signed_in(shop)


def test_a_database_that_does_not_answer_lets_nobody_in(shop: Shop, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
        other.execute("ALTER TABLE buckler_users RENAME TO gone")
    answer = sent(shop, "/sign-in", name=NAME, password=GOOD)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "set-cookie" not in answer.headers


def test_pages_need_sessions() -> None:
    guard = Guard(
        FastAPI(), secret=SECRET, database=MemoryStores(), auth=AuthPolicy(ways=["bearer"])
    )
    with pytest.raises(GuardError, match="session") as refused:
        _ = guard.identities.forms
    assert "ways=" in (refused.value.hint or "")

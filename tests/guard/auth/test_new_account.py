"""Accounts that code makes are like those that sign up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from buckler.guard import (
    AuthPolicy,
    EventKind,
    Guard,
    GuardError,
    NameRefusedError,
    PasswordPolicyError,
    SecurityEvent,
)
from tests.guard.access.shop import SECRET
from tests.guard.auth.shop import GOOD, QUICK, Shop, opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def test_it_signs_in_and_has_its_roles(shop: Shop) -> None:
    async def add() -> str:
        made = await shop.guard.identities.add_account(
            " Ann@Shop.EXAMPLE", password=GOOD, roles=["clerk"], verified=True, by="boss"
        )
        return made.name

    assert shop.in_loop(add) == "ann@shop.example"
    shop.enter()
    me = shop.client.get("/auth/me").json()
    assert (me["roles"], me["verified"]) == (["clerk"], True)
    assert shop.client.get("/orders").status_code == 200
    assert shop.reasons(EventKind.ACCOUNT_CHANGED) == ["created"]
    told: SecurityEvent = next(e for e in shop.events if e.kind is EventKind.ACCOUNT_CHANGED)
    assert told.principal == "boss"
    assert shop.mails == []


def test_a_program_has_no_password(shop: Shop) -> None:
    async def add() -> str:
        made = await shop.guard.identities.add_account("export", roles=["clerk"])
        return (await shop.guard.identities.keys.issue(made.id, "nightly")).key

    key = shop.in_loop(add)
    assert shop.client.get("/orders", headers={"X-API-Key": key}).status_code == 200
    for guess in ("", "None", "export"):
        assert shop.post("/sign-in", name="export", password=guess or " ").status_code == 401


def test_what_is_refused_leaves_nothing(shop: Shop) -> None:
    add = shop.guard.identities.add_account

    async def wrong() -> None:
        with pytest.raises(PasswordPolicyError):
            await add("ann", password="short")
        with pytest.raises(GuardError, match="'clark'"):
            await add("ann", roles=["clark"])
        with pytest.raises(GuardError, match="list"):
            await add("ann", roles="clerk")
        with pytest.raises(NameRefusedError):
            await add("a\x00b")
        assert await shop.guard.identities.stores.users.by_name("ann") is None
        await add("ann")
        with pytest.raises(NameRefusedError) as taken:
            await add("ANN", roles=["boss"])
        assert taken.value.reason == "taken"
        ann = await shop.guard.identities.stores.users.by_name("ann")
        assert ann is not None
        assert await shop.guard.identities.stores.roles.of(ann.id) == frozenset()

    shop.in_loop(wrong)


def test_it_needs_no_server(tmp_path: Path) -> None:
    guard = Guard(
        FastAPI(),
        secret=SECRET,
        database=f"sqlite+aiosqlite:///{tmp_path}/shop.db",
        auth=AuthPolicy(hashing=QUICK),
    )

    async def add() -> str:
        await guard.identities.add_account("boss@shop.example", password=GOOD)
        found = await guard.identities.sign_in.sign_in("boss@shop.example", GOOD)
        await guard.identities.close()
        return found.name

    assert asyncio.run(add()) == "boss@shop.example"

"""Refresh tokens over every store: many at once, a thief, a crash; two workers see the same."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.guard import RefreshRotation, TokenError
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from tests.guard.auth.tokens import Clock
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio


def workers(stores: Stores, events: list[Any]) -> tuple[RefreshRotation, RefreshRotation]:
    clock = Clock()
    first, second = (
        RefreshRotation(stores.refresh, tell=events.append, clock=clock) for _ in range(2)
    )
    return first, second


async def reason(rotation: RefreshRotation, token: str) -> str:
    try:
        await rotation.rotate(token)
    except TokenError as error:
        return error.reason
    return "good"


async def test_one_token_many_times_at_once(stores: Stores, alice: User) -> None:
    events: list[Any] = []
    here, there = workers(stores, events)
    token = (await here.begin(alice.id, scopes=["a:b"], factors=["password"])).token
    for _ in range(3):

        async def use(number: int, token: str = token) -> str:
            rotated = await (here, there)[number % 2].rotate(token)
            assert (rotated.family.user_id, rotated.family.scopes) == (alice.id, {"a:b"})
            return rotated.token

        answers = await at_once(use)
        assert len({*answers}) == 12
        token = answers[7]
    assert events == []
    # Of what was answered at once only one may go on.
    reasons = await at_once(lambda n: reason((here, there)[n % 2], answers[n]))
    assert reasons.count("good") <= 1
    assert {*reasons} <= {"good", "reused", "revoked"}
    assert len(events) == 1
    assert await reason(there, token) == "revoked"


async def test_a_thief_at_another_worker(stores: Stores, alice: User) -> None:
    events: list[Any] = []
    here, there = workers(stores, events)
    stolen = (await here.begin(alice.id)).token
    owner = (await here.rotate(stolen)).token
    thief = (await there.rotate(stolen)).token
    following = (await there.rotate(thief)).token
    assert await reason(here, owner) == "reused"
    assert await reason(there, following) == "revoked"
    assert [event.principal for event in events] == [alice.id]


async def test_a_lost_answer(stores: Stores, alice: User) -> None:
    events: list[Any] = []
    here, there = workers(stores, events)
    token = (await here.begin(alice.id)).token
    for _ in range(4):
        await here.rotate(token)
        await there.rotate(token)
        token = (await here.rotate(token)).token
    assert events == []
    assert await there.end(token)
    assert await reason(here, token) == "revoked"

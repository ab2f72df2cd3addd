"""Clients that registered themselves and wait for their first use: so many, and for so long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buckler.guard.stores.interface import Stores
from buckler.guard.stores.oauth_records import ClientRow
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio
ROW = ClientRow(id="own", data={"metadata": "{}"}, created=100.0, unused_until=500.0)


async def test_there_is_room_until_there_is_none(stores: Stores) -> None:
    clients = stores.oauth.clients
    assert await clients.add(replace(ROW, id="by-hand", unused_until=None))
    assert await clients.add_unused(ROW, 100.0, most=2)
    assert await clients.get("own") == ROW
    assert await clients.add_unused(replace(ROW, id="second"), 100.0, most=2)
    third = replace(ROW, id="third", unused_until=900.0)
    assert not await clients.add_unused(third, 100.0, most=2)
    assert await clients.get("third") is None
    await clients.use("second")
    assert await clients.add_unused(third, 100.0, most=2)
    # What has run out waits for nothing, though it is still there.
    assert await clients.add_unused(replace(ROW, id="fourth", unused_until=950.0), 500.0, most=2)


async def test_an_id_that_is_taken_stays_as_it_is(stores: Stores) -> None:
    clients = stores.oauth.clients
    assert await clients.add_unused(ROW, 100.0, most=9)
    assert not await clients.add_unused(replace(ROW, data={"metadata": "no"}), 100.0, most=9)
    assert await clients.get("own") == ROW


async def test_a_change_is_of_the_metadata_alone(stores: Stores) -> None:
    clients = stores.oauth.clients
    await clients.add_unused(ROW, 100.0, most=9)
    await clients.put(ClientRow(id="own", data={"metadata": "new"}, created=300.0))
    assert await clients.get("own") == replace(ROW, data={"metadata": "new"})


async def test_what_nobody_used_goes(stores: Stores) -> None:
    clients = stores.oauth.clients
    await clients.add_unused(ROW, 100.0, most=9)
    await clients.add_unused(replace(ROW, id="used"), 100.0, most=9)
    await clients.add(replace(ROW, id="by-hand", unused_until=None))
    await clients.use("used")
    await clients.use("nobody")
    assert (await stores.prune(499.0))["oauth_clients"] == 0
    assert (await stores.prune(500.0))["oauth_clients"] == 1
    assert [one.id for one in await clients.page()] == ["by-hand", "used"]


async def test_of_many_at_once_no_more_stay_than_came(stores: Stores) -> None:
    clients = stores.oauth.clients

    async def add(number: int) -> bool:
        return await clients.add_unused(replace(ROW, id=f"c{number}"), 100.0, most=1)

    kept = await at_once(add, 6)
    assert 1 <= sum(kept) <= 6
    assert not await clients.add_unused(ROW, 100.0, most=1)

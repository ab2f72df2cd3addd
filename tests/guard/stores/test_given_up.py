"""Requests that are given up in the middle of a write leave a file that others can write."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import anyio
import pytest

from buckler.guard.stores.sql import SqlStores

NUMBER = 60
NOW = 1_700_000_000.0


@pytest.mark.parametrize("how", ["task", "scope"])
def test_a_file_is_not_left_locked(tmp_path: Path, how: str) -> None:
    """By a task that is cancelled, as guard does it, or a scope of anyio, which does so again and again."""
    chance = random.Random(1)

    async def main() -> None:
        stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path}/shop.db", create=True)
        await stores.open()
        scopes = [anyio.CancelScope() for _ in range(NUMBER)]

        async def write(number: int) -> bool:
            with scopes[number]:
                return (await stores.attempts.fail("key", NOW, window=60.0)).count > 0
            return False

        tasks = [asyncio.create_task(write(number)) for number in range(NUMBER)]
        given_up = chance.sample(range(NUMBER), NUMBER // 2)
        try:
            for number in given_up:
                await asyncio.sleep(chance.random() * 0.004)
                (tasks[number] if how == "task" else scopes[number]).cancel()
            # A busy SQLite waits for 30 seconds before it says so.
            async with asyncio.timeout(20):
                found = await asyncio.gather(*tasks, return_exceptions=True)
                assert await stores.attempts.fail("key", NOW, window=60.0)
            others = [found[number] for number in range(NUMBER) if number not in given_up]
            assert others == [True] * (NUMBER // 2)
            # Each of the others was counted, and nobody twice.
            counted = await stores.attempts.get("key")
            assert counted is not None
            assert NUMBER // 2 < counted.count <= NUMBER + 1
        finally:
            await stores.close()

    asyncio.run(main())

"""Hashing: how many at a time, what waits, what becomes of those who leave, parameters that fit the machine."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
import trio

from buckler.guard import Argon2Parameters, GuardError, Passwords, TooBusyError, Verification
from buckler.guard.auth.password.argon2id import tuned
from buckler.guard.auth.password.pool import Pool
from tests.guard.auth.parts import BOTH, CHEAPEST, GOOD, Runs, cheap


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something, or fail."""
    with anyio.fail_after(60):
        while not reached():
            await anyio.sleep(0.001)


class Work:
    """Work that lasts until it is let go; how much of it ran side by side."""

    def __init__(self) -> None:
        self.now = self.most = self.begun = 0
        self.lock = threading.Lock()
        self.go = threading.Event()

    def __call__(self) -> int:
        with self.lock:
            self.now += 1
            self.begun += 1
            self.most = max(self.most, self.now)
        self.go.wait(60)
        with self.lock:
            self.now -= 1
            return threading.get_ident()

    async def running(self, wanted: int) -> None:
        await until(lambda: self.now >= wanted)


async def counted(results: list[str], call: Callable[[], Any]) -> None:
    try:
        await call()
        results.append("done")
    except TooBusyError:
        results.append("busy")


@BOTH
def test_of_200_at_once_as_many_are_done_as_may_wait_and_two_at_a_time(run: Runs) -> None:
    pool, work, results = Pool(2, 64), Work(), list[str]()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(counted, results, lambda: pool.run(work))
            await work.running(2)
            await until(lambda: len(results) >= 134)
            # Those that may not wait know it at once, while nobody has finished.
            assert results == ["busy"] * 134
            work.go.set()

    run(main)
    assert results.count("done") == 66
    assert (work.begun, work.most) == (66, 2)


@BOTH
def test_200_sign_ins(run: Runs) -> None:
    passwords, results = cheap(), list[str]()

    async def main() -> None:
        stored = await passwords.hash(GOOD)
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(counted, results, lambda: passwords.verify(GOOD, stored))
        assert (await passwords.verify(GOOD, stored)).ok

    run(main)
    assert (results.count("done"), results.count("busy")) == (66, 134)
    assert passwords.memory == 2 * 160 * 1024 * 1024


@BOTH
def test_who_leaves_gives_up_the_place_in_the_queue(run: Runs) -> None:
    pool, work, results = Pool(1, 1), Work(), list[str]()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(counted, results, lambda: pool.run(work))
            await work.running(1)
            with anyio.move_on_after(0.05) as waiting:
                await pool.run(work)
            assert waiting.cancelled_caught
            group.start_soon(counted, results, lambda: pool.run(work))
            await anyio.sleep(0.01)
            assert results == []
            with pytest.raises(TooBusyError):
                await pool.run(work)
            work.go.set()

    run(main)
    assert results == ["done", "done"]
    assert work.begun == 2


def test_who_leaves_while_it_is_calculated_starts_no_other_calculation() -> None:
    """asyncio's own cancellation does not wait for the thread, so the place must."""
    pool, work, late = Pool(1, 5), Work(), Work()
    late.go.set()

    async def main() -> None:
        task = asyncio.create_task(pool.run(work))
        await work.running(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other = asyncio.create_task(pool.run(late))
        await asyncio.sleep(0.05)
        assert late.begun == 0
        work.go.set()
        await asyncio.wait_for(other, 60)
        # All places are free again, none of them twice.
        again = Work()
        tasks = [asyncio.create_task(pool.run(again)) for _ in range(6)]
        await again.running(1)
        with pytest.raises(TooBusyError):
            await pool.run(again)
        again.go.set()
        await asyncio.gather(*tasks)
        assert again.most == 1

    asyncio.run(main())
    assert late.begun == 1


def test_work_that_raises_gives_the_place_back() -> None:
    pool = Pool(1, 1)

    def fails() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await pool.run(fails)
        assert await pool.run(lambda: 7) == 7

    asyncio.run(main())


def test_one_object_on_one_loop_after_the_other() -> None:
    passwords = cheap()
    stored = asyncio.run(passwords.hash(GOOD))

    async def verify() -> Verification:
        return await passwords.verify(GOOD, stored)

    assert trio.run(verify) == Verification(True)
    assert asyncio.run(verify()) == Verification(True)


@BOTH
def test_nothing_is_calculated_on_the_loop(run: Runs) -> None:
    passwords, pool = cheap(), Pool(2, 2)

    async def main() -> None:
        assert await pool.run(threading.get_ident) != threading.get_ident()
        stored = await passwords.hash(GOOD)
        for call in (
            lambda: passwords.hash(GOOD),
            lambda: passwords.verify(GOOD, stored),
            lambda: passwords.verify(GOOD, None),
        ):
            turns = 0
            async with anyio.create_task_group() as group:

                async def turn() -> None:
                    nonlocal turns
                    while True:
                        await anyio.sleep(0)
                        turns += 1

                group.start_soon(turn)
                await call()
                group.cancel_scope.cancel()
            # On the loop a calculation would be one turn, and what is around it two or three.
            assert turns > 20

    run(main)


def steps(*seconds: float) -> Callable[[], float]:
    return iter(seconds).__next__


@pytest.mark.parametrize(
    ("taken", "memory", "passes"),
    [
        (0.25, 64, 3),
        (0.125, 64, 6),
        (0.01, 64, 16),
        (0.5, 32, 3),
        (0.8, 20, 3),
        (1.0, 19, 2),
        (60.0, 19, 2),
    ],
)
def test_parameters_fit_the_machine_and_never_fall_below_the_floor(
    taken: float, memory: int, passes: int
) -> None:
    found = tuned(0.25, clock=steps(100.0, 100.0 + taken))
    assert (found.kib // 1024, found.passes, found.lanes) == (memory, passes, 1)


def test_tuned_once_for_all_who_come_first() -> None:
    passwords = Passwords(target=0.05)

    async def main() -> list[str]:
        return await asyncio.gather(*(passwords.hash(GOOD) for _ in range(4)))

    made = asyncio.run(main())
    assert len({re.findall(r"m=\d+,t=\d+,p=\d+", text)[0] for text in made}) == 1
    assert len(set(made)) == 4


def test_a_cheaper_hash_is_replaced_and_a_dearer_one_is_not() -> None:
    dear = Passwords(parameters=Argon2Parameters(memory="24 MiB", passes=2))

    async def main() -> None:
        stored = await cheap().hash(GOOD)
        found = await dear.verify(GOOD, stored)
        assert (found.replacement or "").startswith("$argon2id$v=19$m=24576,t=2,p=1$")
        # The other worker, whose machine is slower, does not turn it back.
        assert (await cheap().verify(GOOD, found.replacement)).replacement is None

    asyncio.run(main())


def test_hashes_of_one_s_own_are_within_every_bound() -> None:
    small = cheap(stored_memory="1 MiB")

    async def main() -> Verification:
        return await small.verify(GOOD, await small.hash(GOOD))

    assert asyncio.run(main()) == Verification(True)
    assert small.memory == 2 * 19 * 1024 * 1024


def test_the_floor_is_owasp_s() -> None:
    assert Argon2Parameters(memory="19 MiB", passes=2) == CHEAPEST
    for wrong in (
        {"memory": "18 MiB"},
        {"memory": 19 * 1024},
        {"passes": 1},
        {"passes": 0},
        {"lanes": 0},
        {"lanes": 100},
        {"passes": 17},
        {"memory": "4 GiB"},
        {"memory": "much"},
        {"passes": True},
    ):
        with pytest.raises(GuardError) as raised:
            Argon2Parameters(**wrong)  # type: ignore[arg-type]
        assert raised.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"queue": -1},
        {"target": 0},
        {"target": 60},
        {"target": "fast"},
        {"parameters": "strong"},
        {"stored_memory": "lots"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        Passwords(**options)
    assert raised.value.hint


@pytest.mark.parametrize("missing", ["pwdlib.exceptions", "argon2"])
def test_what_is_not_installed_is_named_with_its_command(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pwdlib.hashers.argon2", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(GuardError) as raised:
        Passwords()
    assert raised.value.hint == "pip install 'buckler[auth]'"

"""Refresh tokens: a lost answer costs nobody the session, a stolen one costs the thief."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from buckler.guard import (
    EventKind,
    GuardError,
    RefreshRotation,
    SecurityEvent,
    Severity,
    TokenError,
    TokenReusedError,
)
from buckler.guard.stores.memory import MemoryStores
from tests.guard.auth.tokens import NOW, Clock

every = pytest.mark.parametrize("backend", ["asyncio", "trio"])
DAY = 86_400.0


class Crash(Exception):
    """The process ended here."""


class Crashing:
    """A store in front of another one; the process ends around one of its calls."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.left: int | None = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        called = getattr(self.store, name)

        async def call(*args: Any, **options: Any) -> Any:
            self._step()
            await anyio.sleep(0)
            found = await called(*args, **options)
            self._step()
            return found

        return call

    def _step(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Crash
            self.left -= 1


class World:
    """Refresh tokens in memory, by a clock that stands."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.stores = MemoryStores(clock=self.clock)
        self.store = Crashing(self.stores.refresh)
        self.events: list[SecurityEvent] = []
        self.rotation = RefreshRotation(
            self.store,  # type: ignore[arg-type]
            tell=self.events.append,
            clock=self.clock,
            **options,
        )

    async def reason(self, token: str) -> str:
        try:
            await self.rotation.rotate(token)
        except TokenError as error:
            return error.reason
        return "good"


def run(backend: str, play: Callable[[World], Awaitable[None]], **options: Any) -> None:
    anyio.run(play, World(**options), backend=backend)


@every
def test_a_chain(backend: str) -> None:
    async def play(world: World) -> None:
        first = await world.rotation.begin(
            "user-1",
            scopes=["orders:read"],
            factors=["password"],
            agent="Browser " * 100,
            client="198.51.100.7",
        )
        token, seen = first.token, {first.token}
        for _ in range(20):
            found = await world.rotation.rotate(token)
            token = found.token
            seen.add(token)
            assert found.family.id == first.family.id
            assert (found.family.user_id, found.family.scopes) == ("user-1", {"orders:read"})
        assert len(seen) == 21
        assert all(one.startswith("bkrt_") and len(one) == 48 for one in seen)
        assert (first.family.factors, first.family.authenticated) == ({"password"}, NOW)
        assert len(first.family.agent) == 200
        assert world.events == []

    run(backend, play)


@every
def test_only_digests_are_kept(backend: str) -> None:
    async def play(world: World) -> None:
        token = (await world.rotation.begin("user-1")).token
        found = await world.rotation.rotate(token)
        kept = repr(
            [*world.stores.refresh.tokens.values(), *world.stores.refresh.families.values()]
        )
        for one in (token, found.token):
            assert one not in kept
            assert one.removeprefix("bkrt_") not in kept

    run(backend, play)


@every
def test_an_answer_that_is_lost_costs_nothing(backend: str) -> None:
    async def play(world: World) -> None:
        token = (await world.rotation.begin("user-1")).token
        for _ in range(5):
            for _ in range(4):
                await world.rotation.rotate(token)
            token = (await world.rotation.rotate(token)).token
        assert world.events == []

    run(backend, play)


@every
def test_a_token_after_its_successor_ends_the_family(backend: str) -> None:
    async def play(world: World) -> None:
        first = await world.rotation.begin("user-1")
        other = await world.rotation.begin("user-1")
        second = (await world.rotation.rotate(first.token)).token
        third = (await world.rotation.rotate(second)).token
        with pytest.raises(TokenReusedError):
            await world.rotation.rotate(first.token)
        assert [(e.kind, e.severity, e.principal) for e in world.events] == [
            (EventKind.TOKEN_REUSED, Severity.ALERT, "user-1")
        ]
        assert world.events[0].detail["family"] == first.family.id
        assert first.token not in repr(world.events)
        for token in (first.token, second, third):
            assert await world.reason(token) == "revoked"
        assert len(world.events) == 1
        assert await world.reason(other.token) == "good"

    run(backend, play)


@every
def test_a_listener_that_fails_changes_nothing(backend: str) -> None:
    def broken(event: SecurityEvent) -> None:
        raise RuntimeError(event.reason)

    async def play(world: World) -> None:
        rotation = RefreshRotation(world.stores.refresh, tell=broken, clock=world.clock)
        first = (await rotation.begin("user-1")).token
        await rotation.rotate((await rotation.rotate(first)).token)
        with pytest.raises(TokenReusedError):
            await rotation.rotate(first)

    run(backend, play)


@every
def test_a_thief_and_the_owner(backend: str) -> None:
    async def play(world: World) -> None:
        for order in (0, 1):
            stolen = (await world.rotation.begin("user-1")).token
            owner = (await world.rotation.rotate(stolen)).token
            thief = (await world.rotation.rotate(stolen)).token
            first, second = (owner, thief) if order else (thief, owner)
            following = (await world.rotation.rotate(first)).token
            assert await world.reason(second) == "reused"
            assert await world.reason(following) == "revoked"

    run(backend, play)


@every
def test_it_ends_when_it_is_idle_and_at_last(backend: str) -> None:
    async def play(world: World) -> None:
        begun = await world.rotation.begin("user-1")
        world.clock.now += DAY - 1
        token = (await world.rotation.rotate(begun.token)).token
        world.clock.now += DAY
        assert await world.reason(token) == "expired"
        token = (await world.rotation.begin("user-1")).token
        begun_at = world.clock.now
        while world.clock.now < begun_at + 3 * DAY - 3_600:
            token = (await world.rotation.rotate(token)).token
            world.clock.now += 3_600
        assert await world.reason(token) == "good"
        world.clock.now = begun_at + 3 * DAY
        assert await world.reason(token) == "expired"
        assert world.events == []

    run(backend, play, idle=DAY, absolute=3 * DAY)


@every
def test_an_old_one_is_reused_though_it_has_expired(backend: str) -> None:
    async def play(world: World) -> None:
        first = (await world.rotation.begin("user-1")).token
        second = (await world.rotation.rotate(first)).token
        world.clock.now += DAY - 1
        third = (await world.rotation.rotate(second)).token
        world.clock.now += 2
        assert await world.reason(first) == "reused"
        assert await world.reason(third) == "revoked"

    run(backend, play, idle=DAY, absolute=3 * DAY)


@every
def test_signing_out(backend: str) -> None:
    async def play(world: World) -> None:
        first = (await world.rotation.begin("user-1")).token
        second = (await world.rotation.rotate(first)).token
        assert await world.rotation.end(first)
        assert not await world.rotation.end(first)
        for token in (first, second):
            assert await world.reason(token) == "revoked"
        assert not await world.rotation.end("bkrt_" + "A" * 43)
        assert world.events == []

    run(backend, play)


@every
@pytest.mark.parametrize(
    "token",
    [
        "",
        "bkrt_",
        "bkrt_" + "A" * 42,
        "bkrt_" + "A" * 44,
        "x" * 48,
        "bkrt_" + "é" * 43,
        "A" * 10**6,
        None,
        7,
        b"x",
    ],
    ids=lambda token: repr(token)[:12],
)
def test_what_is_none_asks_no_store(backend: str, token: Any) -> None:
    async def play(world: World) -> None:
        world.store.left = 0
        assert await world.reason(token) == "malformed"
        with pytest.raises(TokenError, match="no refresh token"):
            await world.rotation.end(token)
        world.store.left = None
        assert await world.reason("bkrt_" + "A" * 43) == "unknown"

    run(backend, play)


@every
@pytest.mark.parametrize("point", range(6))
@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_crash_anywhere_loses_nobodys_session(backend: str, point: int, lost: int) -> None:
    async def play(world: World) -> None:
        token = (await world.rotation.begin("user-1")).token
        for _ in range(lost):
            await world.rotation.rotate(token)
        world.store.left = point
        # find, advance, issue, each before and after; a token that was used already is not advanced to.
        if point < (4 if lost else 6):
            with pytest.raises(Crash):
                await world.rotation.rotate(token)
        world.store.left = None
        for _ in range(3):
            token = (await world.rotation.rotate(token)).token
        assert world.events == []

    run(backend, play)


@every
def test_a_crash_in_revoking_is_made_good_by_the_next(backend: str) -> None:
    async def play(world: World) -> None:
        first = (await world.rotation.begin("user-1")).token
        second = (await world.rotation.rotate(first)).token
        await world.rotation.rotate(second)
        world.store.left = 2
        with pytest.raises(Crash):
            await world.rotation.rotate(first)
        assert await world.reason(first) == "reused"
        assert len(world.events) == 1

    run(backend, play)


@every
def test_many_at_once_with_one_token(backend: str) -> None:
    async def play(world: World) -> None:
        token = (await world.rotation.begin("user-1")).token
        found: list[str] = []

        async def use() -> None:
            found.append((await world.rotation.rotate(token)).token)

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(use)
        assert len(set(found)) == 50
        assert world.events == []
        # Of the successors one may be used, by one holder.
        reasons: list[str] = []

        async def follow(one: str) -> None:
            reasons.append(await world.reason(one))

        async with anyio.create_task_group() as group:
            for one in found:
                group.start_soon(follow, one)
        assert reasons.count("good") == 1
        assert {*reasons} - {"good"} <= {"reused", "revoked"}
        assert len(world.events) == 1

    run(backend, play)


@every
def test_a_revocation_that_comes_between_is_seen(backend: str) -> None:
    async def play(world: World) -> None:
        begun = await world.rotation.begin("user-1")
        advance = world.stores.refresh.advance

        class Between(Crashing):
            async def advance(self, family_id: str, *, head: str, to: str) -> bool:
                await self.store.revoke(family_id, NOW)
                return await advance(family_id, head=head, to=to)

        rotation = RefreshRotation(Between(world.stores.refresh), clock=world.clock)  # type: ignore[arg-type]
        with pytest.raises(TokenError) as caught:
            await rotation.rotate(begun.token)
        assert caught.value.reason == "revoked"

    run(backend, play)


@every
def test_a_store_that_never_lets_win(backend: str) -> None:
    async def play(world: World) -> None:
        class Never(Crashing):
            asked = 0

            async def advance(self, family_id: str, *, head: str, to: str) -> bool:
                Never.asked += 1
                return False

        rotation = RefreshRotation(Never(world.stores.refresh), clock=world.clock)  # type: ignore[arg-type]
        token = (await rotation.begin("user-1")).token
        with pytest.raises(TokenError) as caught:
            await rotation.rotate(token)
        assert caught.value.reason == "contended"
        assert Never.asked < 100

    run(backend, play)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"store": object()}, "keeps no refresh tokens"),
        ({"store": MemoryStores}, "keeps no refresh tokens"),
        ({"idle": 0}, "idle"),
        ({"absolute": float("inf")}, "absolute"),
        ({"idle": 10, "absolute": 5}, "shorter than idle"),
        ({"tell": "log"}, "tell"),
        ({"clock": 7}, "clock takes a function"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], said: str) -> None:
    with pytest.raises(GuardError, match=said):
        RefreshRotation(**({"store": MemoryStores().refresh} | options))

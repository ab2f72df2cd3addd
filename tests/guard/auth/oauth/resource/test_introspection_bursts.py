"""Many tokens that the issuer is asked about at once: one call for each, few at a time, and nobody pays for another."""

from __future__ import annotations

import ssl
import threading
from typing import Any

import anyio
import pytest

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import AccessToken
from buckler.guard.auth.oauth.resource.interface import Setting
from buckler.guard.auth.oauth.resource.introspection import IntrospectionReader
from tests.guard.auth.oauth.resource.api import RESOURCE
from tests.guard.auth.oauth.resource.issuer import Issuer
from tests.guard.auth.oauth.resource.test_introspection import OPAQUE, asking, made
from tests.guard.auth.oauth.resource.test_introspection import served as served
from tests.guard.auth.tokens import Clock


def reader(served: Issuer, **options: Any) -> IntrospectionReader:
    return asking(served, endpoint=f"{served.url}/introspect", **options).reader(
        Setting(audience=(RESOURCE,), clock=Clock())
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_waiters_share_one_call(served: Issuer, backend: str) -> None:
    served.hold = threading.Event()
    found: list[AccessToken] = []

    async def main() -> None:
        asked = reader(served)

        async def one() -> None:
            found.append(await asked.read(OPAQUE))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
            while not served.posted:
                await anyio.sleep(0.01)
            assert served.hold is not None
            served.hold.set()

    anyio.run(main, backend=backend)
    assert (len(found), len(served.posted)) == (20, 1)


def test_a_waiter_goes_on_where_the_caller_was_cancelled(served: Issuer) -> None:
    served.hold = threading.Event()
    found: list[AccessToken] = []

    async def main() -> None:
        asked = reader(served)
        with anyio.CancelScope() as first:
            async with anyio.create_task_group() as group:
                group.start_soon(asked.read, OPAQUE)
                while not served.posted:
                    await anyio.sleep(0.01)
                first.cancel()
        assert served.hold is not None
        served.hold.set()
        found.append(await asked.read(OPAQUE))

    anyio.run(main)
    assert (len(found), len(served.posted)) == (1, 2)


def test_calls_at_once_are_bounded(served: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.guard.auth.oauth.resource.introspection.MOST", 2)
    served.hold = threading.Event()
    reasons: list[str] = []

    async def main() -> None:
        asked = reader(served)

        async def one(number: int) -> None:
            try:
                await asked.read(f"token-{number}")
            except OAuthError as error:
                reasons.append(f"{error.status} {error.reason}")

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(one, number)
            while len(served.posted) < 2 or len(reasons) < 3:
                await anyio.sleep(0.01)
            assert served.hold is not None
            served.hold.set()

    anyio.run(main)
    assert reasons == ["503 introspection"] * 3


def test_a_burst_waits_for_its_turn(served: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.guard.auth.oauth.resource.introspection.AT_ONCE", 2)
    served.hold = threading.Event()
    found: list[AccessToken] = []

    async def main() -> None:
        asked = reader(served)

        async def one(number: int) -> None:
            found.append(await asked.read(f"token-{number}"))

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(one, number)
            while len(served.posted) < 2:
                await anyio.sleep(0.01)
            await anyio.sleep(0.05)
            assert len(served.posted) == 2
            assert served.hold is not None
            served.hold.set()

    anyio.run(main)
    assert (len(found), len(served.posted)) == (40, 40)


def test_what_a_stranger_makes_up_pushes_nothing_out(served: Issuer) -> None:
    world = made(served, entries=3)
    assert world.bearer(OPAQUE).status == 200
    good, served.active = served.active, {"active": False}
    for number in range(10):
        assert world.bearer(f"made-up-{number}").status == 401
    served.active, served.posted = good, []
    assert (world.bearer(OPAQUE).status, len(served.posted)) == (200, 0)
    # What was pushed out of its own place is asked about again, and may count by now.
    assert (world.bearer("made-up-0").status, len(served.posted)) == (200, 1)


@pytest.mark.parametrize("status", [400, 413, 414, 422, 431])
def test_a_token_that_the_issuer_cannot_read_keeps_nobody_else_out(
    served: Issuer, status: int
) -> None:
    world = made(served, endpoint=f"{served.url}/introspect")
    served.status = status
    assert world.bearer("x" * 2_000).status == 401
    served.status = 200
    assert world.bearer(OPAQUE).status == 200


def test_one_connection_that_breaks_keeps_nobody_else_out(served: Issuer) -> None:
    breaks = served.breaks["broken"] = threading.Event()
    found: list[str] = []

    async def main() -> None:
        asked = reader(served)

        async def one() -> None:
            try:
                await asked.read("broken")
            except OAuthError as error:
                found.append(f"{error.status} {error.reason}")

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            while not served.posted:
                await anyio.sleep(0.01)
            await asked.read("first")
            breaks.set()
        await asked.read("second")
        # Where nobody was answered meanwhile, the issuer is left alone.
        await one()
        with pytest.raises(OAuthError, match="a moment ago"):
            await asked.read("third")

    anyio.run(main)
    assert found == ["503 unreachable"] * 2


def test_authorities_are_read_once(served: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than a call, and holds the event loop up."""
    threads: list[int] = []
    make = ssl.create_default_context

    def counted(*args: Any, **options: Any) -> ssl.SSLContext:
        threads.append(threading.get_ident())
        return make(*args, **options)

    monkeypatch.setattr(ssl, "create_default_context", counted)

    async def main() -> None:
        asked = reader(served)
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(asked.read, f"token-{number}")

    anyio.run(main)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()

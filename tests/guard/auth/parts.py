"""What the tests of identities share: a clock that is turned by hand, cheap hashes, both event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

from buckler.guard import Argon2Parameters, Passwords, Verification
from buckler.guard.auth.password.hashing import Seat

CHEAPEST = Argon2Parameters(memory="19 MiB", passes=2)
SECRET = "s" * 48
GOOD = "seven blue umbrellas"
Runs = Callable[[Callable[[], Awaitable[Any]]], Any]


def on_asyncio(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())


BOTH = pytest.mark.parametrize("run", [on_asyncio, trio.run], ids=["asyncio", "trio"])


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """A hasher that counts how often it calculates; hashes are the password, reversed."""

    def __init__(self) -> None:
        self.hashed: list[str] = []
        self.verified: list[str | None] = []
        self.replacement: str | None = None
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        yield self

    async def hash(self, password: str) -> str:
        self.hashed.append(password)
        return password[::-1]

    async def verify(self, password: str, stored: str | None) -> Verification:
        self.verified.append(stored)
        if self.meanwhile is not None:
            change, self.meanwhile = self.meanwhile, None
            await change()
        if stored == password[::-1]:
            return Verification(True, self.replacement)
        return Verification(False, reason="password" if stored else "no_password")


def cheap(**options: Any) -> Passwords:
    return Passwords(parameters=CHEAPEST, **options)

"""A small application with accounts, for the tests of access."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import AuthPolicy, EventKind, Guard, MemoryStores, SecurityEvent, User

SECRET = "d5Nn0m2sVbq0_Jb7g0cS7S0d3o2v7f1e9w8y6u5t4r3e2w1q"
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass
class Clock:
    """Time that a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Shop:
    """An application, its guard, and what it told."""

    app: FastAPI
    guard: Guard
    events: list[SecurityEvent] = field(default_factory=list)

    def add(self, name: str, *roles: str, **state: Any) -> str:
        """A new account's API key."""

        async def made() -> str:
            identities = self.guard.identities
            await identities.stores.users.add(User(id=name, name=name, **state))
            for role in roles:
                await identities.assign(name, role)
            return (await identities.keys.issue(name, "test")).key

        return run(made())

    def reasons(self, kind: EventKind) -> list[str]:
        return [event.reason for event in self.events if event.kind is kind]


def shop(app: FastAPI, **options: Any) -> Shop:
    events: list[SecurityEvent] = []
    options.setdefault("roles", {"clerk": ["orders:*"], "reader": ["orders:read"]})
    options.setdefault("auth", AuthPolicy(ways=["session", "api_key"]))
    options.setdefault("docs", "public")
    guard = Guard(app, secret=SECRET, database=MemoryStores(), events=events.append, **options)
    return Shop(app, guard, events)


@contextmanager
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as found:
        yield found

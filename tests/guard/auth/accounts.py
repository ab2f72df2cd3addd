"""Accounts with all their parts, for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from buckler.guard import (
    Accounts,
    Links,
    Lockout,
    Mail,
    MemoryStores,
    PasswordSignIn,
    SecurityEvent,
)
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from tests.guard.auth.parts import GOOD, SECRET, Clock, Counting, on_asyncio

NEW = "nine green kettles"
NAME = "alice@mail.example"


class Shop:
    """Accounts with all their parts; what is sent is kept."""

    def __init__(self, *, stores: Stores | None = None, **options: Any) -> None:
        self.clock = Clock()
        self.stores = stores or MemoryStores(clock=self.clock)
        self.hasher = Counting()
        self.lockout = Lockout(self.stores.attempts, secret=SECRET, clock=self.clock)
        self.events: list[SecurityEvent] = []
        self.mails: list[Mail] = []
        self.accounts = Accounts(
            self.stores.users,
            self.stores.one_time,
            self.stores.attempts,
            **{
                "passwords": self.hasher,
                "lockout": self.lockout,
                "links": Links("https://shop.example"),
                "deliver": self.deliver,
                "tell": self.events.append,
                "clock": self.clock,
                **options,
            },
        )
        self.sign_in = PasswordSignIn(
            self.stores.users, self.hasher, self.lockout, self.events.append, self.clock
        )

    async def deliver(self, mail: Mail) -> None:
        self.mails.append(mail)

    def do(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do it, and what is behind it."""

        async def run() -> Any:
            try:
                return await work()
            finally:
                await self.accounts.outbox.drain()

        return on_asyncio(run)

    def sign_up(self, name: str = NAME, password: str = GOOD) -> None:
        self.do(lambda: self.accounts.sign_up(name, password))

    def enter(self, password: str, name: str = NAME) -> User:
        found: User = on_asyncio(lambda: self.sign_in.sign_in(name, password))
        return found

    def kinds(self) -> list[str]:
        return [mail.kind.value for mail in self.mails]

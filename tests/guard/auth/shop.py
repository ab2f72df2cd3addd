"""An application with the ready-made routes, on a file of SQLite."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import (
    Argon2Parameters,
    AuthPolicy,
    EventKind,
    Guard,
    Mail,
    MailKind,
    SecurityEvent,
    requires,
)
from tests.guard.access.shop import SECRET

GOOD = "correct horse battery staple"
OTHER = "another fine long sentence"
QUICK = Argon2Parameters(memory="19 MiB", passes=2)


@dataclass
class Shop:
    """An application with the ready-made routes."""

    client: TestClient
    guard: Guard
    mails: list[Mail] = field(default_factory=list)
    events: list[SecurityEvent] = field(default_factory=list)

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/auth{path}", json=body)

    def mail(self, kind: MailKind) -> Mail:
        """The next mail of a kind; it is sent behind the answer."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = next((one for one in self.mails if one.kind is kind), None)
            if found is not None:
                self.mails.remove(found)
                return found
            time.sleep(0.02)
        raise AssertionError(f"no mail of {kind}")

    def account(self, name: str = "ann@shop.example", password: str = GOOD) -> None:
        assert self.post("/sign-up", name=name, password=password).status_code == 202
        assert self.post("/verify", token=self.mail(MailKind.VERIFY).token).status_code == 200

    def enter(self, name: str = "ann@shop.example", password: str = GOOD) -> None:
        answer = self.post("/sign-in", name=name, password=password)
        assert answer.json() == {"status": "signed_in", "ways": [], "ticket": ""}

    def reasons(self, kind: EventKind) -> list[str]:
        return [event.reason for event in self.events if event.kind is kind]

    def in_loop(self, work: Any, *args: Any) -> Any:
        assert self.client.portal is not None
        return self.client.portal.call(work, *args)


@contextmanager
def opened(folder: Path, **policy: Any) -> Iterator[Shop]:
    app = FastAPI()
    mails: list[Mail] = []
    events: list[SecurityEvent] = []

    async def deliver(mail: Mail) -> None:
        await anyio.sleep(0)
        mails.append(mail)

    guard = Guard(
        app,
        secret=SECRET,
        database=f"sqlite+aiosqlite:///{folder}/shop.db",
        roles={"clerk": ["orders:*"], "boss": ["*"], "roles": ["roles:manage", "accounts:*"]},
        auth=AuthPolicy(
            base_url="https://testserver",
            deliver=deliver,
            hashing=QUICK,
            ways=["session", "bearer", "api_key", "basic"],
            **policy,
        ),
        docs="public",
        answers="fail",
        events=events.append,
    )
    app.include_router(guard.identities.router())

    @app.get("/orders", dependencies=[requires("orders:read")])
    async def orders() -> list[str]:
        return []

    with (
        guard.rated(None),
        TestClient(app, base_url="https://testserver") as client,
    ):
        yield Shop(client, guard, mails, events)


def pair(shop: Shop, scope: str = "") -> Any:
    """Tokens, as ``/docs`` asks for them."""
    form = {
        "username": "ann@shop.example",
        "password": GOOD,
        "scope": scope,
        "grant_type": "password",
    }
    return shop.client.post("/auth/token", data=form)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}

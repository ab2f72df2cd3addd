"""An application that signs in with providers, and a browser that goes there and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import (
    Argon2Parameters,
    AuthPolicy,
    EgressPolicy,
    EventKind,
    Guard,
    Mail,
    MemoryStores,
    Principal,
    SecurityEvent,
    requires,
)
from buckler.guard.auth.oauth.client import Provider, SignInWith
from tests.guard.access.shop import SECRET

BASE = "https://testserver"
QUICK = Argon2Parameters(memory="19 MiB", passes=2)
GOOD = "correct horse battery staple"


class Clock:
    """The time of day, and what was added to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Shop:
    """An application that signs in with providers."""

    app: FastAPI
    guard: Guard
    sign_in_with: SignInWith
    client: TestClient
    clock: Clock
    events: list[SecurityEvent] = field(default_factory=list)

    def begin(self, name: str, **query: str) -> str:
        """Where the browser is sent."""
        answer = self.client.get(f"/auth/with/{name}", params=query, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith("http"), answer.headers["location"]
        return str(answer.headers["location"])

    def come_back(self, url: str) -> Any:
        """Follow the address that a provider sends the browser to."""
        assert url.startswith(BASE), url
        return self.client.get(url.removeprefix(BASE), follow_redirects=False)

    def enter(self, name: str, browser: httpx2.Client, **query: str) -> Any:
        """Go to the provider and come back."""
        return self.come_back(there(browser, self.begin(name, **query)))

    def me(self) -> Any:
        """Who is signed in."""
        return self.client.get("/me")

    def why(self, answer: Any) -> str:
        """What the page is told of a refusal."""
        assert answer.status_code == 303, answer.text
        query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        return query.get("why", "")

    def reasons(self, kind: EventKind) -> list[str]:
        return [event.reason for event in self.events if event.kind is kind]

    def do(self, work: Any, *args: Any, **options: Any) -> Any:
        """Run a coroutine function in the application's loop."""
        assert self.client.portal is not None
        return self.client.portal.call(lambda: work(*args, **options))


def onward(answer: Any) -> str:
    """Where a form leads: by a page, since a policy of the page before holds redirects against it."""
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), answer.text
    seconds, _, url = answer.headers["refresh"].partition("; url=")
    assert seconds == "0"
    assert f'href="{escape(url)}"' in answer.text
    return str(url)


def there(browser: httpx2.Client, url: str) -> str:
    """Go on at a provider until it sends the browser back."""
    for _ in range(12):
        answer = browser.get(url)
        assert answer.status_code in (302, 303), answer.text
        url = str(httpx2.URL(url).join(answer.headers["location"]))
        if url.startswith(BASE):
            return url
    raise AssertionError("the provider does not send the browser back")


@contextmanager
def opened(
    *providers: Provider,
    database: Any = None,
    sign_up: bool | None = None,
    ports: tuple[int, ...] = (),
    policy: Mapping[str, Any] | None = None,
    egress: EgressPolicy | Literal["default"] | None = None,
    whole: bool = False,
    backend: str = "asyncio",
) -> Iterator[Shop]:
    """The application, while it runs; providers on loopback may be called.

    With ``whole`` it has the ready-made routes of accounts, too, which take a while to be made.
    """
    app, clock = FastAPI(), Clock()
    events: list[SecurityEvent] = []

    async def deliver(mail: Mail) -> None:
        await anyio.sleep(0)

    options: dict[str, Any] = {"deliver": deliver, "hashing": QUICK, **(policy or {})}
    guard = Guard(
        app,
        secret=SECRET,
        database=database or MemoryStores(clock=clock),
        auth=AuthPolicy(**{"base_url": BASE, "sign_in_page": "/sign-in", **options}),
        docs="public",
        answers="fail",
        events=events.append,
    )
    guard.identities.clock = clock
    found = {urlsplit(one.issuer).port or 443 for one in providers} | set(ports)
    loopback = EgressPolicy(
        allow_networks=["127.0.0.1/32"],
        ports=sorted(found) or [443],
        schemes=("http",),
        max_bytes="256 KiB",
        timeout=5.0,
        max_redirects=0,
        events=events.append,
    )
    calls = None if egress == "default" else egress or loopback
    sign_in_with = SignInWith(guard.identities, *providers, sign_up=sign_up, egress=calls)
    if whole:
        app.include_router(guard.identities.router(administration=False))
    app.include_router(sign_in_with.router())

    @app.get("/me")
    async def me(who: Annotated[Principal, requires()]) -> dict[str, Any]:
        return {
            "id": who.id,
            "name": who.name,
            "factors": sorted(who.factors),
            "verified": who.verified,
            "authenticated": who.authenticated,
        }

    with guard.rated(None), TestClient(app, base_url=BASE, backend=backend) as client:
        yield Shop(app, guard, sign_in_with, client, clock, events)

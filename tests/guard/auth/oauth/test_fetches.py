"""What is fetched once for many who wait: who asked first may go, and nobody is refused since somebody else asks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

from buckler.guard import Provider, RemoteKeys
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.oauth.client.discovery import Discovery as ClientDiscovery
from buckler.guard.auth.oauth.client.errors import ProviderError
from buckler.guard.auth.oauth.client.fetch import Fetcher
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.calls import Calls
from buckler.guard.auth.oauth.resource.discovery import Discovery
from tests.guard.auth.oauth.resource.issuer import Issuer, inside, issuing
from tests.guard.auth.tokens import Clock

Ask = Callable[[], Awaitable[Any]]


@pytest.fixture
def served() -> Iterator[Issuer]:
    with issuing() as found:
        found.hold_gets = threading.Event()
        found.document |= {
            "authorization_endpoint": f"{found.url}/authorize",
            "token_endpoint": f"{found.url}/token",
        }
        yield found


def keys(served: Issuer) -> Ask:
    found = RemoteKeys(f"{served.url}/jwks", egress=inside(served.url), clock=Clock())
    return found.ready


def endpoint(served: Issuer) -> Ask:
    found = Discovery(served.url, Calls(None, inside(served.url)), Clock())
    return lambda: found.endpoint("jwks_uri")


def provider(served: Issuer) -> Ask:
    where = f"{served.url}/.well-known/oauth-authorization-server"
    told = Provider("op", issuer=served.url, client_id="shop", client_secret="s", discovery=where)
    fetcher = Fetcher(inside(served.url))
    return ClientDiscovery(told, fetcher, events=lambda _: None, clock=Clock()).metadata


KINDS = pytest.mark.parametrize("kind", [keys, endpoint, provider])
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def asked(ask: Ask, found: list[str]) -> None:
    try:
        await ask()
    except (OAuthError, ProviderError, TokenError) as error:
        found.append(error.reason)
    else:
        found.append("good")


async def until_asked(served: Issuer) -> None:
    with anyio.fail_after(5):
        while not served.asked:
            await anyio.sleep(0.01)


@KINDS
@BACKENDS
def test_who_comes_during_the_first_fetch_waits_for_it(
    served: Issuer, kind: Callable[[Issuer], Ask], backend: str
) -> None:
    found: list[str] = []

    async def main() -> None:
        ask = kind(served)
        async with anyio.create_task_group() as group:
            group.start_soon(asked, ask, found)
            await until_asked(served)
            for _ in range(30):
                group.start_soon(asked, ask, found)
            await anyio.sleep(0.05)
            assert found == []
            assert served.hold_gets is not None
            served.hold_gets.set()

    anyio.run(main, backend=backend)
    assert (found, len(served.asked)) == (["good"] * 31, 1)


@KINDS
@BACKENDS
def test_who_asked_first_may_go(
    served: Issuer, kind: Callable[[Issuer], Ask], backend: str
) -> None:
    found: list[str] = []

    async def main() -> None:
        ask = kind(served)
        async with anyio.create_task_group() as group:
            first = anyio.CancelScope()

            async def leaves() -> None:
                with first:
                    await asked(ask, found)

            group.start_soon(leaves)
            await until_asked(served)
            for _ in range(3):
                group.start_soon(asked, ask, found)
            await anyio.sleep(0.05)
            first.cancel()
            await anyio.sleep(0.05)
            assert served.hold_gets is not None
            served.hold_gets.set()

    anyio.run(main, backend=backend)
    assert found == ["good"] * 3

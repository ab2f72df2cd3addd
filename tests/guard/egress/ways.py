"""Every client that there is, as one function: ``get(policy, url, **options)``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio

from buckler.guard.egress import EgressPolicy, for_httpx, for_httpx2
from tests.guard.egress.namespace import OTHER, PUBLIC, Names

Get = Callable[..., Any]


def sync(module: Any) -> Get:
    def get(policy: EgressPolicy, url: str, **options: Any) -> Any:
        context = options.pop("ssl_context", None)
        with module.safe_client(policy, ssl_context=context) as client:
            return client.get(url, **options)

    return get


def over(module: Any, run: Callable[..., Any]) -> Get:
    def get(policy: EgressPolicy, url: str, **options: Any) -> Any:
        context = options.pop("ssl_context", None)

        async def ask() -> Any:
            async with module.async_safe_client(policy, ssl_context=context) as client:
                return await client.get(url, **options)

        return run(ask)

    return get


WAYS = {
    "httpx2": sync(for_httpx2),
    "httpx": sync(for_httpx),
    "httpx2-asyncio": over(for_httpx2, lambda ask: asyncio.run(ask())),
    "httpx-asyncio": over(for_httpx, lambda ask: asyncio.run(ask())),
    "httpx2-trio": over(for_httpx2, trio.run),
}
every = pytest.mark.parametrize("get", WAYS.values(), ids=WAYS)


def names(**more: Any) -> Names:
    return Names(shop_example=[PUBLIC], other_example=[OTHER], inside_example=["127.0.0.1"], **more)

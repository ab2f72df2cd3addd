"""Everything the shop keeps in Redis: sessions, counters, crates, wants, shelves."""

import json
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from redis.asyncio import Redis

from vinyl.config import settings

PREFIX = "vinyl"


async def get_redis(request: Request) -> Redis:
    return request.app.state.redis


Cache = Annotated[Redis, Depends(get_redis)]


async def open_session(redis: Redis, who: dict[str, Any]) -> str:
    key = secrets.token_urlsafe(32)
    await redis.set(
        f"{PREFIX}:session:{key}", json.dumps(who), ex=settings.session_minutes * 60
    )
    return key


async def read_session(redis: Redis, key: str) -> dict[str, Any] | None:
    stored = await redis.get(f"{PREFIX}:session:{key}")
    return json.loads(stored) if stored else None


async def close_session(redis: Redis, key: str) -> None:
    await redis.delete(f"{PREFIX}:session:{key}")


async def too_many_tries(redis: Redis, address: str, name: str) -> bool:
    key = f"{PREFIX}:tries:{address}:{name}"
    async with redis.pipeline(transaction=True) as pipe:
        count, _ = await pipe.incr(key).expire(key, settings.sign_in_window, nx=True).execute()
    return count > settings.sign_in_tries


async def forget_tries(redis: Redis, address: str, name: str) -> None:
    await redis.delete(f"{PREFIX}:tries:{address}:{name}")


async def cached(redis: Redis, name: str) -> str | None:
    return await redis.get(f"{PREFIX}:{name}")


async def keep(redis: Redis, name: str, body: str, seconds: int) -> None:
    await redis.set(f"{PREFIX}:{name}", body, ex=seconds)


async def read_crate(redis: Redis, listener_id: int) -> dict[str, Any]:
    stored = await redis.get(f"{PREFIX}:crate:{listener_id}")
    return json.loads(stored) if stored else {"records": [], "send_to": "", "note": ""}


async def write_crate(redis: Redis, listener_id: int, crate: dict[str, Any]) -> None:
    await redis.set(f"{PREFIX}:crate:{listener_id}", json.dumps(crate), ex=14 * 86400)


async def add_want(redis: Redis, listener_id: int, slug: str, note: str) -> None:
    await redis.set(f"{PREFIX}:want:{listener_id}:{slug}", note, ex=90 * 86400)


async def wants(redis: Redis, listener_id: int, like: str) -> AsyncIterator[tuple[str, str]]:
    start = f"{PREFIX}:want:{listener_id}:"
    async for key in redis.scan_iter(match=f"{start}{like}*", count=200):
        yield key.removeprefix(start), await redis.get(key) or ""

"""What is kept in Redis or Valkey, for applications of many processes (the ``redis`` extra; asyncio alone)."""

from __future__ import annotations

from buckler.guard.stores.redis.replays import RedisReplays as RedisReplays

__all__ = ["RedisReplays"]

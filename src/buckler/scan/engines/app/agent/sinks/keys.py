"""Keys of key-value stores: CWE-639. Redis and Valkey, blocking and asynchronous.

A key that is made of input may be that of somebody else's value. The keys that a request asks for are
told with its answer, so that the parent knows whose they are.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable

from .. import state
from ..imports import when_imported

MAX_KEYS = 20
MAX_LENGTH = 200
_COMMANDS = frozenset(
    "GET GETEX GETDEL SET SETEX PSETEX SETNX HGET HGETALL HMGET HVALS HSET LRANGE LINDEX LPOP RPOP "
    "SMEMBERS ZRANGE JSON.GET JSON.SET DEL UNLINK".split()
)


def install() -> None:
    """Watch the clients' commands on one key."""
    for package in ("redis", "valkey"):
        for name in (f"{package}.client", f"{package}.asyncio.client"):
            when_imported(name, lambda module, package=package: _client(module, package))  # type: ignore[misc]


def _client(module: ModuleType, package: str) -> None:
    for name in ("Redis", "Valkey", "Pipeline"):
        owner: Any = getattr(module, name, None)
        if owner is not None and "execute_command" in vars(owner):
            owner.execute_command = _watched(owner.execute_command, package)


def _watched(real: Callable[..., Any], package: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def execute(self: Any, *args: Any, **options: Any) -> Any:
        command = state.text_of(args[0]).upper() if args else ""
        if len(args) > 1 and command in _COMMANDS:
            key = state.text_of(args[1])
            known = sum(effect.startswith("key ") for effect in state.effects)
            made = {"stand_in": True} if package in state.stand_ins else {}
            if (
                not state.hit("key", command, key, **made)
                and known < MAX_KEYS
                and len(key) < MAX_LENGTH
            ):
                state.effects.add(f"key {key}")
        if any(state.carries(state.text_of(word)) for word in args[1:]):
            state.effects.add("stored")
        return real(self, *args, **options)

    return execute

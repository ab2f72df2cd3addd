"""Keeps a Redis or Valkey: the keys of this child's databases, as DUMP gives them.

The stand-in has no DUMP; it keeps copies of its own when it is asked to (``BUCKLER KEEP``).
"""

from __future__ import annotations

import re
import time
from typing import Any, Dict, List, Optional, Tuple

from .interface import StoreError
from .redis_client import Client

DATABASES = 16
MAX_KEYS = 5000
MAX_BYTES = 32 * 1024 * 1024
_CHANGES = re.compile(rb"rdb_changes_since_last_save:(\d+)")
_KEYSPACE = re.compile(rb"^db(\d+):", re.MULTILINE)
Held = Dict[Tuple[int, bytes], Tuple[bytes, int]]
"""By database and key, what DUMP gives and when the key ends, in milliseconds since 1970; 0 for never."""


class Redis:
    """See :class:`~.interface.Store`.

    Args:
        server: Where it listens, and the number of the child.
        database: Not used: all sixteen are kept.
    """

    name = "Redis"

    def __init__(self, server: Dict[str, Any], database: str) -> None:
        self._server = server
        self._first = server["number"] * DATABASES
        self._stand_in = bool(server.get("stand_in"))
        self._client: Optional[Client] = None
        self._held: Held = {}
        self._count = b""

    def keep(self) -> None:
        if self._stand_in:
            self._run("BUCKLER", "KEEP", self._first)
        else:
            self._held, self._count = self._holding(), self._changes()

    def changed(self) -> bool:
        if self._stand_in:
            return bool(self._run("BUCKLER", "CHANGED", self._first))
        count = self._changes()
        if count == self._count:
            return False
        # Other children write there, too.
        now, moment = self._holding(), time.time() * 1000
        there = {key: held[0] for key, held in now.items()}
        wanted = {k: held[0] for k, held in self._held.items() if not 0 < held[1] <= moment}
        if there != wanted:
            return True
        self._count = count
        return False

    def restore(self) -> None:
        if self._stand_in:
            self._run("BUCKLER", "RESTORE", self._first)
            return
        moment = int(time.time() * 1000)
        commands: List[Tuple[Any, ...]] = []
        for number in sorted({*self._used(), *(number for number, _ in self._held)}):
            commands += [("SELECT", number), ("FLUSHDB",)]
            commands += [
                ("RESTORE", key, end - moment if end else 0, dumped)
                for (at, key), (dumped, end) in self._held.items()
                if at == number and (not end or end > moment)
            ]
        self._there().pipeline(commands)
        self._count = self._changes()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _holding(self) -> Held:
        held: Held = {}
        size = 0
        for number in self._used():
            self._run("SELECT", number)
            keys = self._run("KEYS", "*")
            if len(keys) > MAX_KEYS:
                raise StoreError("it holds more than %d keys" % MAX_KEYS)
            moment = int(time.time() * 1000)
            asked = [pair for key in keys for pair in (("DUMP", key), ("PTTL", key))]
            told = self._there().pipeline(asked)
            for at, key in enumerate(keys):
                dumped, left = told[2 * at : 2 * at + 2]
                if dumped is not None:
                    held[number, key] = (dumped, moment + left if left >= 0 else 0)
                    size += len(dumped)
            if size > MAX_BYTES:
                raise StoreError("its keys take more than %d MiB" % (MAX_BYTES // 1024**2))
        return held

    def _used(self) -> List[int]:
        """The numbers of this child's databases that hold anything."""
        found = (int(number) for number in _KEYSPACE.findall(self._run("INFO", "keyspace")))
        return [number for number in found if self._first <= number < self._first + DATABASES]

    def _changes(self) -> bytes:
        """A number that grows with every write, of whichever child."""
        found = _CHANGES.search(self._run("INFO", "persistence"))
        return found.group(1) if found else b""

    def _run(self, *words: Any) -> Any:
        return self._there().run(*words)

    def _there(self) -> Client:
        if self._client is None or self._client.over:
            self._client = Client(self._server["socket"])
        return self._client

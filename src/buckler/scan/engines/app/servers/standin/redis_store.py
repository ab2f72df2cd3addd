"""The keys of a stand-in for Redis: in memory, with a limit, each with a time to end.

Sets and hashes keep the order in which they were filled, so that two scans see the same.
"""

from __future__ import annotations

import asyncio
import bisect
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Reply

DATABASES = 4096
MEMORY = 256 * 1024 * 1024
"""In bytes, for everything that is kept."""
_EACH = 64
"""What the bookkeeping of one element is counted with, in bytes."""


class Hash(dict[bytes, bytes]):
    """Fields with values."""


class Set(dict[bytes, None]):
    """Members, in the order they came."""


class List(list[bytes]):
    """Elements from left to right."""


class SortedSet:
    """Members in the order of their scores, and of their bytes where scores are equal."""

    def __init__(self) -> None:
        self.scores: dict[bytes, float] = {}
        self.ordered: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self.scores)

    def put(self, member: bytes, score: float) -> None:
        """Give a member a score."""
        self.drop(member)
        self.scores[member] = score
        bisect.insort(self.ordered, (score, member))

    def drop(self, member: bytes) -> bool:
        """Remove a member; whether it was there."""
        score = self.scores.pop(member, None)
        if score is None:
            return False
        del self.ordered[bisect.bisect_left(self.ordered, (score, member))]
        return True


@dataclass(slots=True)
class Stream:
    """Entries by id, an id being milliseconds and a number."""

    entries: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)
    last: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        # A stream without entries stays: its last id must not come again.
        return len(self.entries) + 1


Value: TypeAlias = bytes | Hash | Set | List | SortedSet | Stream
V = TypeVar("V", bytes, Hash, Set, List, SortedSet, Stream)
NAMES: dict[type, str] = {
    bytes: "string",
    Hash: "hash",
    Set: "set",
    List: "list",
    SortedSet: "zset",
    Stream: "stream",
}


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


class Database:
    """The keys of one number.

    Args:
        store: That it belongs to.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._values: dict[bytes, Value] = {}
        self._ends: dict[bytes, int] = {}
        self.touched: dict[bytes, list[Callable[[], None]]] = {}

    def __len__(self) -> int:
        self.forget_ended()
        return len(self._values)

    def __iter__(self) -> Iterator[bytes]:
        self.forget_ended()
        return iter(list(self._values))

    def find(self, key: bytes) -> Value | None:
        """What a key holds, or None; a key whose time is over is removed."""
        end = self._ends.get(key)
        if end is not None and end <= now():
            self.remove(key)
        return self._values.get(key)

    def get(self, key: bytes, kind: type[V]) -> V | None:
        """What a key holds, or None.

        Raises:
            CommandError: It holds another kind of value.
        """
        value = self.find(key)
        if value is not None and not isinstance(value, kind):
            raise CommandError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return value

    def make(self, key: bytes, kind: type[V]) -> V:
        """What a key holds, or a new value for it; it counts as changed.

        Raises:
            CommandError: It holds another kind of value.
        """
        value = self.get(key, kind)
        if value is None:
            value = kind()
            self._values[key] = value
        self.touch(key)
        return value

    def put(self, key: bytes, value: Value, end: int | None = None) -> None:
        """Set a value and when it ends, in milliseconds since 1970."""
        self._store.charge(_size(value) + len(key) + _EACH)
        self._values[key] = value
        self.set_end(key, end)

    def replace(self, key: bytes, value: Value) -> None:
        """Set a value and keep its end; nothing where it is empty."""
        self.put(key, value, self._ends.get(key))
        self.settle(key)

    def settle(self, key: bytes) -> None:
        """Remove a collection that has become empty: an empty one is no key."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, bytes) and not len(value):
            self.remove(key)

    def remove(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        self._ends.pop(key, None)
        there = self._values.pop(key, None) is not None
        if there:
            self.touch(key)
        return there

    def end(self, key: bytes) -> int | None:
        """When a key ends, in milliseconds since 1970; None for never."""
        return self._ends.get(key)

    def set_end(self, key: bytes, end: int | None) -> None:
        """Say when a key ends."""
        if end is None:
            self._ends.pop(key, None)
        else:
            self._ends[key] = end
        self.touch(key)

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self._values):
            self.remove(key)

    def touch(self, key: bytes) -> None:
        """Tell who watches the key, and wake who waits for one."""
        for tell in self.touched.get(key, ()):
            tell()
        self._store.wake()

    def forget_ended(self) -> None:
        """Remove the keys whose time is over."""
        moment = now()
        for key in [key for key, end in self._ends.items() if end <= moment]:
            self.remove(key)

    def size(self) -> int:
        """Bytes that the values take, about."""
        self.forget_ended()
        return sum(len(key) + _EACH + _size(value) for key, value in self._values.items())


class Store:
    """All databases of a stand-in, and what its clients share.

    Args:
        memory: Limit in bytes.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self.databases: dict[int, Database] = {}
        self.channels: dict[bytes, dict[int, Callable[[Reply], None]]] = {}
        self.patterns: dict[bytes, dict[int, Callable[[Reply], None]]] = {}
        self.scripts: set[bytes] = set()
        self.settings: dict[bytes, bytes] = {}
        self.kept: dict[int, dict[int, dict[bytes, tuple[Value, int | None]]]] = {}
        """By first database of a child, what its databases held when the scan said so."""
        self.chance = random.Random(0)
        self.started = time.time()
        self._memory = memory
        self._used = 0
        self._waiting: list[asyncio.Future[None]] = []

    def database(self, number: int) -> Database:
        """The database of a number."""
        if number not in self.databases:
            self.databases[number] = Database(self)
        return self.databases[number]

    def charge(self, size: int) -> None:
        """Count what a command is about to add.

        What is removed is not counted at once: everything is measured again when the limit is near.

        Raises:
            CommandError: It does not fit.
        """
        if self._used + size > self._memory:
            self._used = sum(database.size() for database in self.databases.values())
        if self._used + size > self._memory:
            raise CommandError("OOM command not allowed when used memory > 'maxmemory'.")
        self._used += size

    @property
    def used(self) -> int:
        """Bytes that are counted."""
        return self._used

    def wake(self) -> None:
        """Let those who wait for a key look again."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self, seconds: float) -> None:
        """Wait until some key changes, at most so long."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await asyncio.wait((future,), timeout=seconds)
        if not future.done():
            self._waiting.remove(future)


def _size(value: Value) -> int:
    match value:
        case bytes():
            return len(value)
        case Hash():
            return sum(len(name) + len(item) + _EACH for name, item in value.items())
        case SortedSet():
            return sum(len(member) + 2 * _EACH for member in value.scores)
        case Stream():
            return sum(
                sum(map(len, fields)) + _EACH * (len(fields) + 1)
                for fields in value.entries.values()
            )
        case _:
            return sum(len(item) + _EACH for item in value)

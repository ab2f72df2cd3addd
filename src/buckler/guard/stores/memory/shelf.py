"""A dict that loses what has expired as it grows, and is bounded where strangers fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from buckler.guard.stores.errors import StoreError

T = TypeVar("T")
_FIRST_SWEEP = 1_024


class Shelf(Generic[T]):
    """Things by key.

    Args:
        clock: Gives seconds since 1970.
        expires: When a thing may go.
        most: How many are kept; the oldest goes for a new one. None: as many as have not expired.
    """

    __slots__ = ("_clock", "_expires", "_items", "_most", "_sweep_at")

    def __init__(
        self,
        clock: Callable[[], float],
        expires: Callable[[T], float],
        *,
        most: int | None = None,
    ) -> None:
        self._clock = clock
        self._expires = expires
        self._most = most
        self._items: dict[str, T] = {}
        self._sweep_at = _FIRST_SWEEP

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: str) -> T | None:
        """The thing, or None."""
        return self._items.get(key)

    def where(self, wanted: Callable[[T], bool]) -> list[tuple[str, T]]:
        """Keys and things that are wanted."""
        return [(key, thing) for key, thing in self._items.items() if wanted(thing)]

    def values(self) -> Iterator[T]:
        """All things."""
        return iter(self._items.values())

    def add(self, key: str, thing: T) -> None:
        """Keep a new one.

        Raises:
            StoreError: The key is taken.
        """
        if key in self._items:
            raise StoreError("what was to be kept is kept already")
        self.put(key, thing)

    def put(self, key: str, thing: T) -> None:
        """Keep or replace; it is the youngest then."""
        self._items.pop(key, None)
        if len(self._items) >= self._sweep_at:
            self.prune(self._clock())
            # Twice what is left: a sweep looks at each thing, which may not happen at each new one.
            self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._items))
        if self._most is not None and len(self._items) >= self._most:
            del self._items[next(iter(self._items))]
        self._items[key] = thing

    def change(self, key: str, thing: T) -> None:
        """Replace in place, as old as it is."""
        self._items[key] = thing

    def pop(self, key: str) -> T | None:
        """Remove and give it."""
        return self._items.pop(key, None)

    def drop(self, unwanted: Callable[[T], bool]) -> int:
        """Remove all that are unwanted; how many."""
        keys = [key for key, thing in self._items.items() if unwanted(thing)]
        for key in keys:
            del self._items[key]
        return len(keys)

    def prune(self, now: float) -> int:
        """Remove what has expired; how many."""
        return self.drop(lambda thing: self._expires(thing) <= now)

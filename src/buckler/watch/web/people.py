"""Names of accounts for pages, which keep ids."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any, Final

import anyio.from_thread

from buckler.watch.interface import SYSTEM

SECONDS: Final = 60.0
MOST: Final = 5_000
_KNOWN: Final = {SYSTEM.id: "watch", "operator": "somebody at the machine", "": "nobody"}


class People:
    """Names by id, each looked up once in a minute."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def names(self, identities: Any, ids: Iterable[str]) -> dict[str, str]:
        """Names of accounts; an id where the account is gone. From a thread of a handler alone.

        Args:
            identities: Guard's.
            ids: Of accounts.
        """
        now = time.monotonic()
        with self._lock:
            fresh = {i: n for i, (n, until) in self._names.items() if until > now}
        found, asked = {}, []
        for one in set(ids):
            known = _KNOWN.get(one) or fresh.get(one)
            if known is None:
                asked.append(one)
            else:
                found[one] = known
        if asked:
            looked = anyio.from_thread.run(_look_up, identities, asked)
            found.update(looked)
            with self._lock:
                if len(self._names) > MOST:
                    self._names.clear()
                self._names.update({i: (n, now + SECONDS) for i, n in looked.items()})
        return found

    def forget(self) -> None:
        """Look everybody up again: an account was made or changed."""
        with self._lock:
            self._names.clear()


async def _look_up(identities: Any, ids: list[str]) -> dict[str, str]:
    await identities.ready()
    found = {}
    for one in ids:
        user = await identities.stores.users.get(one)
        found[one] = user.name if user is not None else one
    return found

"""Puts the application's databases back between groups of probes.

Without it one probe's write is another's finding: an order that is cancelled, a stock that is empty, a
row that makes every list fail. Each kind of database is one file here, behind one interface. What the
application keeps in its own memory is out of reach.

Only databases of the scan's own are here, never a server that the user allowed: the doors of the drivers
(``drivers/``) enter what they redirect.
"""

from __future__ import annotations

import weakref
from typing import Any, Callable, Dict, List, MutableMapping, Tuple

from . import mongodb, mysql, postgresql, redis, sqlite
from .interface import Store, StoreError
from .standin import StandIn

__all__ = ["changed", "close", "keep", "opened", "restore", "settle"]

_REAL: Dict[str, Callable[[Dict[str, Any], str], Store]] = {
    "postgresql": postgresql.PostgreSQL,
    "mysql": mysql.MySQL,
    "redis": redis.Redis,
    "mongodb": mongodb.MongoDB,
}
"""What keeps the databases of a kind of server."""
_stores: Dict[Tuple[str, str], Store] = {}
_kept: List[Store] = []
_failures: MutableMapping[Store, int] = weakref.WeakKeyDictionary()
MAX_FAILURES = 3
"""After so many failures a store is given up: to wait for a lock takes longer than a hundred requests."""


def opened(kind: str, server: Dict[str, Any], database: str) -> None:
    """A door sent the application to one of our databases.

    Args:
        kind: ``postgresql``, ``mysql``, ``redis`` …
        server: As in the configuration.
        database: Its name there.
    """
    if (kind, database) in _stores:
        return
    if server.get("stand_in") and kind not in ("redis", "mongodb"):
        _stores[kind, database] = StandIn(kind, server, database)
    elif kind in _REAL:
        _stores[kind, database] = _REAL[kind](server, database)


async def settle() -> None:
    """Let the application end what it has begun to write; before :func:`keep` and :func:`restore`."""
    await sqlite.settle()


def keep() -> Dict[str, Any]:
    """Remember what all of them hold; how many could be kept, and why the others could not."""
    _kept.clear()
    failed: List[str] = []
    for store in (*sqlite.stores(), *_stores.values()):
        if _done(store, store.keep, failed):
            _kept.append(store)
    return {"stores": len(_kept), "failed": failed}


def changed() -> Dict[str, Any]:
    """The names of those that hold something else than what was kept."""
    failed: List[str] = []
    names = [store.name for store in _kept if _differs(store, failed)]
    return {"changed": names, "failed": failed}


def restore() -> Dict[str, Any]:
    """Put back what has changed; the names of those that had, and why others could not be."""
    failed: List[str] = []
    _kept[:] = [store for store in _kept if _failures.get(store, 0) < MAX_FAILURES]
    names = [
        store.name
        for store in _kept
        if _differs(store, failed) and _done(store, store.restore, failed)
    ]
    return {"changed": names, "failed": failed}


def close() -> None:
    """Let go of all of them."""
    for store in (*sqlite.stores(), *_stores.values()):
        store.close()


def _differs(store: Store, failed: List[str]) -> bool:
    found: List[bool] = []
    _done(store, lambda: found.append(store.changed()), failed)
    return bool(found and found[0])


def _done(store: Store, work: Callable[[], None], failed: List[str]) -> bool:
    try:
        work()
    except (StoreError, OSError) as error:
        _failures[store] = _failures.get(store, 0) + 1
        failed.append("%s: %s" % (store.name, error))
        return False
    return True

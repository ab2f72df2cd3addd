"""``BUCKLER KEEP``, ``CHANGED`` and ``RESTORE``: the databases of one child, put back when the scan says so.

Not of Redis: the agent asks for it between groups of probes (``agent/stores/redis.py``).
"""

from __future__ import annotations

import copy
from typing import TypeAlias

from buckler.scan.engines.app.servers.standin.redis_keys import number
from buckler.scan.engines.app.servers.standin.redis_replies import Reply
from buckler.scan.engines.app.servers.standin.redis_session import Arguments, Session, command
from buckler.scan.engines.app.servers.standin.redis_store import SortedSet, Store, Value, now

EACH = 16
"""Databases of one child."""
Held: TypeAlias = dict[int, dict[bytes, tuple[Value, int | None]]]


@command("buckler|keep", 1)
def keep(session: Session, words: Arguments) -> Reply:
    """BUCKLER KEEP first."""
    first = number(words[0])
    session.store.kept[first] = _held(session.store, first)
    return "OK"


@command("buckler|changed", 1)
def changed(session: Session, words: Arguments) -> Reply:
    """BUCKLER CHANGED first: 1 where anything is not as it was kept."""
    first = number(words[0])
    return int(_plain(_held(session.store, first)) != _plain(session.store.kept.get(first, {})))


@command("buckler|restore", 1)
def restore(session: Session, words: Arguments) -> Reply:
    """BUCKLER RESTORE first."""
    first = number(words[0])
    for place in range(first, first + EACH):
        database = session.store.database(place)
        database.clear()
        for key, (value, end) in session.store.kept.get(first, {}).get(place, {}).items():
            database.put(key, copy.deepcopy(value), end)
    return "OK"


def _held(store: Store, first: int) -> Held:
    """What the databases of a child hold, in copies."""
    found = ((place, store.databases.get(place)) for place in range(first, first + EACH))
    return {
        place: {
            key: (copy.deepcopy(value), database.end(key))
            for key in database
            if (value := database.find(key)) is not None
        }
        for place, database in found
        if database is not None and len(database)
    }


def _plain(held: Held) -> dict[tuple[int, bytes], object]:
    """The values that have not ended, in a form that can be compared."""
    moment = now()
    return {
        (place, key): value.ordered if isinstance(value, SortedSet) else value
        for place, database in held.items()
        for key, (value, end) in database.items()
        if end is None or end > moment
    }

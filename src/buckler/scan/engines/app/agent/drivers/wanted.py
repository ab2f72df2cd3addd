"""Which servers the application asked for. Passwords are never kept."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Set, Tuple

from .. import state

_wanted: Set[Tuple[str, ...]] = set()
_fresh: List[Dict[str, Any]] = []


def note(
    driver: str, kind: str, host: str, port: Any, database: str, *, allowed: bool = False
) -> None:
    """Remember a server that a driver was about to connect to, and whether it goes there."""
    key = (driver, kind, host, str(port), database)
    if key in _wanted:
        return
    where = state.frames(sys._getframe(1))
    _wanted.add(key)
    _fresh.append(
        {
            "driver": driver,
            "kind": kind,
            "host": host,
            "port": str(port),
            "database": database,
            "allowed": allowed,
            "where": "%s:%s" % tuple(where[0][:2]) if where else "",
        }
    )


def take() -> List[Dict[str, Any]]:
    """Those that were not told before, in the order in which they were asked for."""
    told = list(_fresh)
    _fresh.clear()
    return told

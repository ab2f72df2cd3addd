"""Which servers the application asked for. Passwords are never kept."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Tuple

from .. import state

_wanted: Dict[Tuple[str, ...], Dict[str, Any]] = {}


def note(driver: str, kind: str, host: str, port: Any, database: str) -> None:
    """Remember a server that a driver was about to connect to."""
    key = (driver, kind, host, str(port), database)
    if key in _wanted:
        return
    where = state.frames(sys._getframe(1))
    _wanted[key] = {
        "driver": driver,
        "kind": kind,
        "host": host,
        "port": str(port),
        "database": database,
        "where": "%s:%s" % tuple(where[0][:2]) if where else "",
    }


def take() -> List[Dict[str, Any]]:
    """All of them, in the order in which they were asked for."""
    return list(_wanted.values())

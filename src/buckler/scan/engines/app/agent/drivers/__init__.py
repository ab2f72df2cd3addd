"""The doors of database drivers: what was wanted is noted, and the scan's own server answers.

Whatever address an application has in its settings, its driver is sent to a server that the scan
started, where there is one for that kind, unless ``--allow`` names the address. Nothing in the application changes: pools, engines and
migrations all go through the same door.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List

from .. import state
from . import allowed, mongodb, mysql, postgresql, redis
from .wanted import take

__all__ = ["install", "kinds", "take"]

_DRIVERS = {
    "asyncpg": "postgresql",
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "pymysql": "mysql",
    "aiomysql": "mysql",
    "asyncmy": "mysql",
    "pymongo": "mongodb",
    "motor": "mongodb",
    "redis": "redis",
    "valkey": "redis",
}


def install(config: Dict[str, Any]) -> None:
    """Stand at every door.

    Args:
        config: ``servers``: by kind, where the scan's own server listens; ``box``: what is allowed.
    """
    allowed.install(config["box"])
    servers = config.get("servers") or {}
    made = {kind for kind, server in servers.items() if server.get("stand_in")}
    state.stand_ins = {name for name, kind in _DRIVERS.items() if kind in made}
    for door, kind in (
        (postgresql, "postgresql"),
        (mysql, "mysql"),
        (redis, "redis"),
        (mongodb, "mongodb"),
    ):
        door.install(servers.get(kind))


def kinds() -> List[str]:
    """Kinds of servers whose drivers the application has imported."""
    return sorted({kind for name, kind in _DRIVERS.items() if name in sys.modules})

"""The doors of database drivers: what was wanted is noted, and the scan's own server answers.

Whatever address an application has in its settings, its driver is sent to a server that the scan
started, where there is one for that kind. Nothing in the application changes: pools, engines and
migrations all go through the same door.
"""

from __future__ import annotations

from typing import Any, Dict

from . import postgresql
from .wanted import take

__all__ = ["install", "take"]


def install(config: Dict[str, Any]) -> None:
    """Stand at every door.

    Args:
        config: ``servers``: by kind, where the scan's own server listens.
    """
    servers = config.get("servers") or {}
    postgresql.install(servers.get("postgresql"))

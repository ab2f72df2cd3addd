"""``python -m buckler.scan.engines.app.servers.standin KIND SOCKET OWNER PARENT``: serve until ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from buckler.scan.engines.app.agent.alone import become
from buckler.scan.engines.app.servers.standin.database import Databases

DIALECTS = {"postgresql": "postgres", "mysql": "mysql"}


WARMING = (
    "CREATE TABLE warm (id INTEGER PRIMARY KEY, name VARCHAR(9) DEFAULT 'a')",
    "SELECT id, count(*) FROM warm WHERE name LIKE 'a' GROUP BY id",
)
"""Makes the parser load what it loads when it is first needed: later that may not be readable."""


def ready(kind: str) -> Callable[[Path], None]:
    """What serves one kind, with everything loaded; the protocols of the others are left out."""
    module = import_module(f"{__package__}.{kind}")
    if kind not in DIALECTS:
        serve: Callable[[Path], None] = module.serve
        return serve
    for statement in WARMING:
        Databases(DIALECTS[kind]).run("warm", statement)
    databases = Databases(DIALECTS[kind])
    return lambda path: module.serve(path, databases)


if __name__ == "__main__":
    serve = ready(sys.argv[1])
    become(sys.argv[3], int(sys.argv[4]))
    serve(Path(sys.argv[2]))

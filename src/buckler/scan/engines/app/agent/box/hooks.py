"""The first wall, in Python: it stops an operation before it happens and tells what it stopped.

Threat: the ordinary one, an application that does its ordinary work (sends a mail, starts a
converter, writes a file) while it is being attacked. This wall gives the proofs and the messages a
developer can act on. It is no answer to hostile code: whatever works below Python (a C library,
ctypes) raises no event. That is what `kernel` is for.
"""

from __future__ import annotations

from typing import Any, Callable

from . import certificates, connections, loops, processes, sqlite, writes
from .refusal import Refusals

Report = Callable[[str, "dict[str, str]"], None]


def install(config: dict[str, Any], report: Report) -> None:
    """Register the handlers, after those of the sinks, and replace what raises no event.

    Call `audit.install` as well.

    `config`: "project", "scratch" (absolute), "allow" (["host:port"]), "processes" (True: may
    start), "network" (True: may connect), "walls" (what `kernel.enclose` returned under that name),
    "mounts" (default: `walls["mounts"]`; False: writes are redirected into a mirror below scratch,
    and SQLite files are copied). `report("refused", {"what", "detail", "event"})` is called for
    each refusal.
    """
    walls = dict(config.get("walls") or {})
    if "mounts" in config:
        walls["mounts"] = bool(config["mounts"])
    refusals = Refusals(report)
    if not config.get("processes"):
        processes.install(refusals)
    connections.install(config, walls, refusals)
    certificates.install(config)
    if not walls.get("mounts"):
        mirror = writes.install(config, refusals)
        sqlite.install(mirror, refusals)
    loops.install(refusals)

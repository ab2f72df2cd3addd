"""Builds the second wall, in the kernel: the one that code in the process cannot take down.

Threat: everything the Python wall cannot see, which is each call made below Python. Each wall
degrades alone: where a system forbids user namespaces, the system call filter still stands and then
refuses sockets as well.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from .limits import limits

__all__ = ["WALLS", "enclose", "limits", "seal"]

WALLS = ("mounts", "network", "pid", "seccomp", "files")


def enclose(config: dict[str, Any]) -> tuple[dict[str, Any], list[socket.socket]]:
    """Build the walls around the calling process, and return in the process that is inside.

    Call it first, with one thread, before `hooks.install` (which refuses the forks this makes). The
    process that called stays outside, waits, and ends as the application ends; its descriptors are
    closed. What is inside may still start programs, until `seal`: the interpreter of the project is
    itself one that nobody has to trust.

    `config`: "project" and "scratch" (absolute; writes reach the disk in scratch only), "stages" (a
    folder to build in that no child sees), "keep"
    (paths that stay visible below hidden folders), "network" (true: no wall here), "allow"
    (["host:port"], each of which gets a door), "processes" (True: no
    wall), "memory_tmpfs_mb", "walls" (those to try). "files" is Landlock, and is built only where
    "mounts" does not stand. Returns {"walls": {name: stands}, "why": {name: reason}, "pid": the
    process id seen from outside, "filter": for `seal`, "doors": [[host, port]]}, and the sockets
    that listen for these. Never raises OSError: a wall that cannot be built is False and its reason
    is given.
    """
    wanted = [wall for wall in config.get("walls", WALLS) if wall in WALLS]
    result: dict[str, Any] = {
        "walls": dict.fromkeys(WALLS, False),
        "why": {},
        "pid": os.getpid(),
        "filter": None,
        "doors": [],
    }
    if not sys.platform.startswith("linux"):
        result["why"] = dict.fromkeys(wanted, "only Linux has this wall")
        return result, []
    if not wanted:
        return result, []
    return result, _Builder(config, wanted, result).build()


def seal(enclosed: dict[str, Any]) -> None:
    """Take away what only the start needed: from here on no program can be started.

    `enclosed`: what `enclose` returned, in this process or in the one that became this.

    Raises OSError, though not where `enclose` could install a filter.
    """
    if enclosed["filter"] is not None:
        from . import seccomp

        seccomp.install(seccomp.Policy(**enclosed["filter"]))


class _Builder:
    def __init__(self, config: dict[str, Any], wanted: list[str], result: dict[str, Any]) -> None:
        self._config = config
        self._wanted = wanted
        self._result = result
        self._walls: dict[str, bool] = result["walls"]
        self._why: dict[str, str] = result["why"]
        self._sockets_hidden = False
        self._hosts = ""
        self._listeners: list[socket.socket] = []

    def build(self) -> list[socket.socket]:
        from . import namespaces, process

        before = namespaces.effective()
        spaces: list[str] = [wall for wall in ("mounts", "network", "pid") if wall in self._wanted]
        if self._config.get("network"):
            spaces = [wall for wall in spaces if wall != "network"]
        granted: list[str] = []
        try:
            granted, reason = namespaces.enter(spaces)
        except OSError as error:
            reason = f"the user ids could not be mapped: {error}"
        for wall in spaces:
            if wall not in granted:
                self._why[wall] = reason
        try:
            self._result["pid"] = process.split("pid" in granted)
            self._walls["pid"] = "pid" in granted
        except OSError as error:
            self._why["pid"] = f"the process could not be forked: {error}"
        if "network" in granted:
            self._network()
        if "mounts" in granted:
            self._mounts()
        self._finish(before)
        return self._listeners

    def _network(self) -> None:
        from . import doors, namespaces

        self._walls["network"] = True
        try:
            namespaces.loopback()
        except OSError as error:
            self._why["network"] = f"the wall stands, but its loopback stays down: {error}"
            return
        opening = doors.Doors()
        for entry in self._config.get("allow") or ():
            try:
                opening.open(entry)
            except OSError as error:
                self._why["network"] = f"the wall stands, but has no door for {entry}: {error}"
        self._hosts = opening.hosts
        self._listeners = [door.listener for door in opening.opened]
        self._result["doors"] = [[door.host, door.port] for door in opening.opened]

    def _mounts(self) -> None:
        from . import mounts

        try:
            built = mounts.build({**self._config, "hosts": self._hosts})
        except OSError as error:
            self._why["mounts"] = f"the file system could not be rebuilt: {error}"
            return
        self._walls["mounts"] = built.overlay
        self._sockets_hidden = built.sockets_hidden
        if built.notes:
            self._why["mounts"] = "; ".join(built.notes)

    def _finish(self, before: int) -> None:
        from . import libc, namespaces

        try:
            namespaces.drop(before)
            libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
        except OSError as error:
            self._why["seccomp"] = f"capabilities could not be dropped: {error}"
        if "files" in self._wanted and not self._walls["mounts"]:
            self._files()
        if "seccomp" in self._wanted:
            self._filter()

    def _files(self) -> None:
        from . import landlock

        try:
            landlock.install(self._config["scratch"])
            self._walls["files"] = True
        except OSError as error:
            self._why["files"] = f"the kernel has no Landlock, or it is switched off: {error}"

    def _filter(self) -> None:
        from . import seccomp

        open_network = bool(self._config.get("network"))
        policy = seccomp.Policy(
            internet=self._walls["network"] or open_network,
            # Named sockets are hidden by the mounts, abstract ones by the network namespace.
            unix=(self._sockets_hidden and self._walls["network"]) or open_network,
            processes=bool(self._config.get("processes")),
            alone=self._walls["pid"],
        )
        try:
            seccomp.install(policy._replace(processes=True))
            self._walls["seccomp"] = True
            self._result["filter"] = policy._asdict()
        except OSError as error:
            self._why["seccomp"] = f"the kernel refused the filter: {error}"

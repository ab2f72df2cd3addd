"""Stops connections and look-ups that leave the process, unless `--allow` names the host.

Threat: the attack engine makes the application fetch, mail and query for real. Own servers (an
application that talks to itself, the socket pair of an event loop) go on working.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import weakref
from typing import Any, Callable, Optional

from . import audit
from .refusal import Refusals, text

_LOCAL_NAMES = frozenset(("", "localhost", "localhost.localdomain", "ip6-localhost"))
_LOOKUPS = {
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
}


class Allowed:
    """The hosts and ports of `--allow`, by name and, once asked for, by address."""

    def __init__(self, entries: list[str]) -> None:
        self._pairs: set[tuple[str, str]] = set()
        for entry in entries:
            host, _, port = entry.rpartition(":")
            self._pairs.add((host.strip("[]").lower(), port))
        self._addresses: dict[str, frozenset[str]] = {}

    def host(self, host: str) -> bool:
        """Whether any port of `host` is allowed, so that its name may be looked up."""
        return any(name == host.lower() for name, _ in self._pairs)

    def address(self, host: str, port: Any) -> bool:
        """Whether `host` (a name or an address) may be connected to at `port`."""
        for name, number in self._pairs:
            if number in ("*", str(port)) and (name == host.lower() or host in self._resolve(name)):
                return True
        return False

    def _resolve(self, name: str) -> frozenset[str]:
        found = self._addresses.get(name)
        if found is None:
            try:
                found = frozenset(str(entry[4][0]) for entry in socket.getaddrinfo(name, None))
            except OSError:
                return frozenset()
            self._addresses[name] = found
        return found


class _Judge:
    def __init__(self, allowed: Allowed, walls: dict[str, bool], refusals: Refusals) -> None:
        self._allowed = allowed
        self._private = walls.get("network", False)
        self._refusals = refusals
        self._own: weakref.WeakSet[Any] = weakref.WeakSet()
        self.servers: tuple[str, ...] = ()

    def outgoing(self, event: str) -> Callable[[tuple[Any, ...]], None]:
        def handle(arguments: tuple[Any, ...]) -> None:
            address = arguments[1] if len(arguments) > 1 else None
            if address is not None:
                self._outgoing(arguments[0], address, event)

        return handle

    def _outgoing(self, sock: Any, address: Any, event: str) -> None:
        if isinstance(address, (str, bytes)):
            if self._is_ours(address):
                return
            if not self._is_own(address) and not (self._private and listens(address)):
                self._refusals.socket(text(address) or "without a name", event)
            return
        if not isinstance(address, tuple) or len(address) < 2:
            return  # netlink and the like: no way out
        host, port = text(address[0]), address[1]
        if self._allowed.address(host, port):
            return
        # On a private loopback a server of the application may have been started below Python,
        # unseen by `bind`.
        if _local(host) and (self._is_own(port) or (self._private and listens(port))):
            return
        self._refusals.connection(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", event)

    def bind(self, arguments: tuple[Any, ...]) -> None:
        sock, address = arguments[0], arguments[1]
        self._own.add(sock)
        if self._private or not isinstance(address, tuple) or len(address) < 2:
            return
        host = text(address[0])
        if not _local(host) or host == "":
            self._refusals.listening(f"{host or '*'}:{address[1]}", "socket.bind")

    def lookup(self, event: str, index: int) -> Callable[[tuple[Any, ...]], None]:
        def handle(arguments: tuple[Any, ...]) -> None:
            value = arguments[index]
            host = "" if value is None else text(value[0] if isinstance(value, tuple) else value)
            if _local(host) or _numeric(host) or self._allowed.host(host):
                return
            port = (
                arguments[1] if event == "socket.getaddrinfo" and arguments[1] is not None else "*"
            )
            self._refusals.connection(f"{host}:{text(port)}", event)

        return handle

    def _is_ours(self, path: Any) -> bool:
        """Whether a socket belongs to a server that the scan started for this application."""
        real = os.path.realpath(os.fsdecode(path))
        return any(real.startswith(folder + os.sep) for folder in self.servers)

    def _is_own(self, place: Any) -> bool:
        """Whether a socket of this process is bound at `place`, a port or a path."""
        for sock in list(self._own):
            try:
                name = sock.getsockname()
            except OSError:
                continue  # closed since
            if name == place or (isinstance(name, tuple) and len(name) > 1 and name[1] == place):
                return True
        return False


def listens(place: Any) -> bool:
    """Whether a socket of this network namespace is bound at `place`, a port or a path.

    Asks the kernel's own lists, so that sockets made below Python count.
    """
    tables = ("tcp", "tcp6", "udp", "udp6") if isinstance(place, int) else ("unix",)
    for table in tables:
        try:
            with open(
                f"/proc/self/net/{table}", encoding="utf-8", errors="surrogateescape"
            ) as lines:
                for fields in map(str.split, lines):
                    if table == "unix" and len(fields) > 7 and fields[7] == os.fsdecode(place):
                        return True
                    if table != "unix" and len(fields) > 3 and fields[1].endswith(f":{place:04X}"):
                        return True
        except OSError:
            continue  # no IPv6, or no /proc: then nothing is known to listen
    return False


def _parse(host: str) -> Optional[Any]:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _numeric(host: str) -> bool:
    return _parse(host) is not None


def _local(host: str) -> bool:
    address = _parse(host)
    return host.lower() in _LOCAL_NAMES if address is None else bool(address.is_loopback)


def install(config: dict[str, Any], walls: dict[str, bool], refusals: Refusals) -> None:
    """Refuse what leaves the process; `walls` are those of the kernel.

    With a network of its own, loopback is private.
    """
    if config.get("network") is True:
        return
    judge = _Judge(Allowed(list(config.get("allow") or ())), walls, refusals)
    judge.servers = tuple(map(os.path.realpath, config.get("sockets") or ()))
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        audit.on(event, judge.outgoing(event))
    audit.on("socket.bind", judge.bind)
    for event, index in _LOOKUPS.items():
        audit.on(event, judge.lookup(event, index))

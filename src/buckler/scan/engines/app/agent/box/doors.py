"""Doors in the private network: one listening socket for each address that `--allow` names.

Threat: with the network of the host, the Python wall alone would tell allowed hosts from the rest.
So the network stays private. What is allowed gets an address on its loopback, a socket that listens
there, and, where it has a name, a line for the hosts file. The sockets go to the scanner, outside,
which carries what comes in to the real host.
"""

from __future__ import annotations

import fcntl
import ipaddress
import itertools
import os
import socket
import struct
from typing import Any, Iterator, NamedTuple, Union

_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_BACKLOG = 16
_LOCAL = ("127.0.0.1", "::1")
_NAMED = "127.32.0.0/16"
"""Where names get their addresses: on loopback, and beside those of the canaries' hosts."""


class Door(NamedTuple):
    """A socket that listens, for `host` at `port`."""

    host: str
    port: int
    listener: socket.socket


class Doors:
    """Opens one door after the other, in a network namespace that was just made, with its rights."""

    def __init__(self) -> None:
        self._labels = itertools.count(1)
        self._names: dict[str, str] = {}
        self._free = ipaddress.ip_network(_NAMED).hosts()
        self.opened: list[Door] = []

    def open(self, entry: str) -> None:
        """Open the door for `entry`, a HOST:PORT.

        Raises OSError.
        """
        host, _, number = entry.rpartition(":")
        host, port = host.strip("[]").lower(), int(number)
        for address in self._addresses(host):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family == socket.AF_INET6 and not os.path.exists("/proc/sys/net/ipv6"):
                continue
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(_BACKLOG)
            self.opened.append(Door(host, port, listener))

    @property
    def hosts(self) -> str:
        """Lines for the hosts file."""
        return "".join(f"{address} {name}\n" for name, address in self._names.items())

    def _addresses(self, host: str) -> Iterator[str]:
        """Make ready, and name, the addresses at which `host` is to be reached."""
        if host == "localhost":
            yield from _LOCAL
            return
        parsed = _parsed(host)
        if parsed is None:
            if host not in self._names:
                self._names[host] = str(next(self._free))
            yield self._names[host]
            return
        if not parsed.is_loopback:
            self._own(parsed)
        yield str(parsed)

    def _own(self, address: Union[ipaddress.IPv4Address, ipaddress.IPv6Address]) -> None:
        """Give `lo` one more address. Raises OSError."""
        if address.version == 6:
            index = socket.if_nametoindex("lo")
            request = address.packed + struct.pack("=Ii", 128, index)
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                fcntl.ioctl(sock, _SIOCSIFADDR, request)
            return
        label = f"lo:{next(self._labels)}".encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for number, value in (
                (_SIOCSIFADDR, address.packed),
                (_SIOCSIFNETMASK, b"\xff\xff\xff\xff"),
            ):
                fcntl.ioctl(
                    sock, number, struct.pack("=16sHH4s8x", label, socket.AF_INET, 0, value)
                )


def _parsed(host: str) -> Any:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None

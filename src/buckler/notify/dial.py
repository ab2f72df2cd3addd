"""Opens a connection, where somebody wants it to the addresses that were judged and no others.

Threat: a name that is judged while it has one address and called when it has another (DNS rebinding, CWE-367, CWE-918).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host that may be called at a port, or raises what says why not."""


def dial(host: str, port: int, timeout: float, resolve: Resolve | None = None) -> socket.socket:
    """A TCP connection.

    Args:
        host: Name or address.
        port: Number.
        timeout: Seconds for each address.
        resolve: Gives the addresses that are called, in turn; else the system's resolver.

    Raises:
        OSError: None of them answers.
    """
    if resolve is None:
        return socket.create_connection((host, port), timeout)
    failure: OSError = OSError("the host has no address")
    for address in resolve(host, port):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure

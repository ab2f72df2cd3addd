"""Ports on loopback for servers that cannot be given a listening socket."""

from __future__ import annotations

import contextlib
import secrets
import socket


def free_port() -> int:
    """A port below those that the system gives to whoever asks next, which may be another test."""
    while True:
        port = 12_000 + secrets.randbelow(20_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port

"""Reads and writes on the socket of one of the scan's own servers."""

from __future__ import annotations

import socket

from .interface import StoreError

SECONDS = 5.0


class Wire:
    """A connection to a Unix socket.

    Args:
        path: Of the socket.

    Raises:
        OSError: Nobody listens there.
    """

    def __init__(self, path: str) -> None:
        self.over = False
        """Whether it was given up: what comes next belongs to a question that nobody waits for."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS)
        self._socket.connect(path)
        self._in = self._socket.makefile("rb")

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            StoreError: The server is gone.
        """
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._gone(str(error)) from error

    def read(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            StoreError: The server is gone.
        """
        try:
            data = self._in.read(count)
        except OSError as error:
            raise self._gone(str(error)) from error
        if len(data) < count:
            raise self._gone("the server hung up")
        return data

    def line(self) -> bytes:
        """A line without its end.

        Raises:
            StoreError: The server is gone.
        """
        try:
            data = self._in.readline()
        except OSError as error:
            raise self._gone(str(error)) from error
        if not data.endswith(b"\n"):
            raise self._gone("the server hung up")
        return data.rstrip(b"\r\n")

    def close(self) -> None:
        """Hang up."""
        self.over = True
        self._in.close()
        self._socket.close()

    def _gone(self, why: str) -> StoreError:
        self.close()
        return StoreError(why)

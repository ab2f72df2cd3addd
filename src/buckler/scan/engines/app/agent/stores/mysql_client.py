"""As much of MySQL's protocol as statements take ("Client/Server Protocol" in its manual)."""

from __future__ import annotations

import struct
from typing import List, Optional, Tuple

from .interface import StoreError
from .wire import Wire

# Long passwords, found rows, the protocol of 4.1, transactions, secure connection, authentication plugins.
_CAPABILITIES = 1 | 2 | 0x200 | 0x2000 | 0x8000 | 0x80000
_UTF8MB4 = 45
_PACKET = (1 << 24) - 1
_NULL = 0xFB
Row = List[Optional[str]]


class Client:
    """Signed in.

    Args:
        path: Of the socket.
        user: Who is let in without a password.

    Raises:
        StoreError: The server refuses.
        OSError: Nobody listens there.
    """

    def __init__(self, path: str, user: str) -> None:
        self._wire = Wire(path)
        self._number = 0
        self._packet()
        told = struct.pack("<IIB23x", _CAPABILITIES, _PACKET, _UTF8MB4)
        self._put(told + user.encode() + b"\0\0" + b"mysql_native_password\0")
        if self._packet()[:1] == b"\xfe":  # another plugin: for an empty password the same answer
            self._put(b"")
            self._packet()

    @property
    def over(self) -> bool:
        """Whether it has to be made anew."""
        return self._wire.over

    def query(self, statement: str) -> List[Row]:
        """Run one statement; its rows.

        Raises:
            StoreError: The server refuses it.
        """
        self._number = 0
        self._put(b"\x03" + statement.encode())
        first = self._packet()
        if first[:1] == b"\0":
            return []
        count, _ = _length(first, 0)
        for _ in range(count):
            self._packet()
        self._packet()  # the end of the columns
        rows: List[Row] = []
        while True:
            packet = self._packet()
            if packet[:1] == b"\xfe" and len(packet) < 9:
                return rows
            rows.append(_row(packet, count))

    def _put(self, body: bytes) -> None:
        self._wire.write(struct.pack("<I", len(body))[:3] + bytes((self._number,)) + body)
        self._number += 1

    def _packet(self) -> bytes:
        head = self._wire.read(4)
        (length,) = struct.unpack("<I", head[:3] + b"\0")
        self._number = (head[3] + 1) & 0xFF
        body = self._wire.read(length)
        if body[:1] == b"\xff":
            raise StoreError(body[3:].decode("utf-8", "replace"))
        return body


def _length(body: bytes, at: int) -> Tuple[int, int]:
    """A number of the protocol, and where it ends."""
    first = body[at]
    if first < _NULL:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(body[at + 1 : at + 1 + size], "little"), at + 1 + size


def _row(body: bytes, count: int) -> Row:
    at = 0
    row: Row = []
    for _ in range(count):
        if body[at] == _NULL:
            row.append(None)
            at += 1
            continue
        length, at = _length(body, at)
        row.append(body[at : at + length].decode("utf-8", "replace"))
        at += length
    return row

"""As much of MySQL's protocol as statements take ("Client/Server Protocol" in its manual)."""

from __future__ import annotations

import struct
from typing import List, Optional, Tuple, Union

from .interface import StoreError
from .wire import Wire

# Long passwords, found rows, the protocol of 4.1, transactions, secure connection, authentication plugins.
_CAPABILITIES = 1 | 2 | 0x200 | 0x2000 | 0x8000 | 0x80000
_UTF8MB4 = 45
_PACKET = (1 << 24) - 1
_NULL = 0xFB
_BINARY = 63
_OF_BYTES = (0x10, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF)
"""BIT, the kinds of BLOB, VAR_STRING, STRING and GEOMETRY."""
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

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def query(self, statement: Union[str, bytes]) -> List[Row]:
        """Run one statement; its rows.

        Raises:
            StoreError: The server refuses it.
        """
        return [
            [None if value is None else value.decode("utf-8", "replace") for value in row]
            for row in self._run(statement)[1]
        ]

    def literals(self, statement: str) -> List[List[bytes]]:
        """The rows of a statement, each value as it is written in another one.

        Raises:
            StoreError: The server refuses it.
        """
        binary, rows = self._run(statement)
        return [
            [_literal(value, raw) for value, raw in zip(row, binary)]  # noqa: B905 - Python 3.9
            for row in rows
        ]

    def _run(self, statement: Union[str, bytes]) -> Tuple[List[bool], List[List[Optional[bytes]]]]:
        """Which columns hold bytes, and the rows."""
        self._number = 0
        self._put(b"\x03" + (statement.encode() if isinstance(statement, str) else statement))
        first = self._packet()
        if first[:1] == b"\0":
            return [], []
        count, _ = _length(first, 0)
        binary = [_is_binary(self._packet()) for _ in range(count)]
        self._packet()  # the end of the columns
        rows: List[List[Optional[bytes]]] = []
        while True:
            packet = self._packet()
            if packet[:1] == b"\xfe" and len(packet) < 9:
                return binary, rows
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


def _row(body: bytes, count: int) -> List[Optional[bytes]]:
    at = 0
    row: List[Optional[bytes]] = []
    for _ in range(count):
        if body[at] == _NULL:
            row.append(None)
            at += 1
            continue
        length, at = _length(body, at)
        row.append(body[at : at + length])
        at += length
    return row


def _is_binary(definition: bytes) -> bool:
    """Whether a column holds bytes that are no text: by its type, and by its character set."""
    at = 0
    for _ in range(6):  # catalog, schema, table and column, the latter two twice
        length, at = _length(definition, at)
        at += length
    _, at = _length(definition, at)
    charset, kind = struct.unpack_from("<H4xB", definition, at)
    return charset == _BINARY and kind in _OF_BYTES


def _literal(value: Optional[bytes], binary: bool) -> bytes:
    if value is None:
        return b"NULL"
    if binary:
        return b"x'%s'" % value.hex().encode()
    return b"'%s'" % value.replace(b"\\", b"\\\\").replace(b"'", b"''")

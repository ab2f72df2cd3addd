"""As much of PostgreSQL's protocol as statements and COPY take (chapter 55 of its manual)."""

from __future__ import annotations

import struct
from typing import List, Optional, Tuple

from .interface import StoreError
from .wire import Wire

PROTOCOL = 196608
Row = List[Optional[str]]


class Client:
    """Signed in to one database.

    Args:
        path: Of the socket.
        user: Who is let in without a password.
        database: Its name.

    Raises:
        StoreError: The server refuses.
        OSError: Nobody listens there.
    """

    def __init__(self, path: str, user: str, database: str) -> None:
        self._wire = Wire(path)
        told = "user\0%s\0database\0%s\0application_name\0buckler\0\0" % (user, database)
        body = struct.pack("!i", PROTOCOL) + told.encode()
        self._wire.write(struct.pack("!i", len(body) + 4) + body)
        self._until_ready()

    def query(self, statement: str) -> List[Row]:
        """Run statements; the rows of all of them.

        Raises:
            StoreError: The server refuses one.
        """
        self._put(b"Q", statement.encode() + b"\0")
        return self._until_ready()[0]

    def copy_out(self, table: str) -> bytes:
        """The rows of a table, as COPY writes them.

        Raises:
            StoreError: The server refuses.
        """
        self._put(b"Q", ("COPY %s TO STDOUT" % table).encode() + b"\0")
        return self._until_ready()[1]

    def copy_in(self, table: str, rows: bytes) -> None:
        """Add rows as :meth:`copy_out` gave them.

        Raises:
            StoreError: The server refuses.
        """
        self._put(b"Q", ("COPY %s FROM STDIN" % table).encode() + b"\0")
        self._until_ready(rows)

    @property
    def over(self) -> bool:
        """Whether it has to be made anew."""
        return self._wire.over

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _put(self, kind: bytes, body: bytes) -> None:
        self._wire.write(kind + struct.pack("!i", len(body) + 4) + body)

    def _until_ready(self, told: bytes = b"") -> Tuple[List[Row], bytes]:
        rows: List[Row] = []
        copied: List[bytes] = []
        problem = ""
        while True:
            kind = self._wire.read(1)
            (length,) = struct.unpack("!i", self._wire.read(4))
            body = self._wire.read(length - 4)
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"d":
                copied.append(body)
            elif kind == b"G":
                self._put(b"d", told)
                self._put(b"c", b"")
            elif kind == b"E":
                problem = problem or _said(body)
                if problem.startswith("FATAL"):
                    self._wire.close()
                    raise StoreError(problem)
            elif kind == b"R" and body[:4] != b"\0\0\0\0":
                raise StoreError("the server wants a password")
            elif kind == b"Z":
                if problem:
                    raise StoreError(problem)
                return rows, b"".join(copied)


def _row(body: bytes) -> Row:
    (count,) = struct.unpack_from("!h", body)
    at, row = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        row.append(None if length < 0 else body[at : at + length].decode("utf-8", "replace"))
        at += max(length, 0)
    return row


def _said(body: bytes) -> str:
    fields = {field[:1]: field[1:].decode("utf-8", "replace") for field in body.split(b"\0")}
    return "%s: %s" % (fields.get(b"S", "ERROR"), fields.get(b"M", ""))

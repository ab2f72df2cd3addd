"""The bodies of PostgreSQL's messages (PostgreSQL manual, 55.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from buckler.scan.engines.app.servers.standin.database import Column, Result
from buckler.scan.engines.app.servers.standin.pg_types import encoded, oid_of

_COUNTED = ("SELECT", "UPDATE", "DELETE", "MERGE", "FETCH")


def shorts(data: bytes, at: int) -> tuple[tuple[int, ...], int]:
    """A counted list of format codes, and where it ends."""
    (count,) = struct.unpack_from("!h", data, at)
    return struct.unpack_from(f"!{count}h", data, at + 2), at + 2 + 2 * max(count, 0)


def format_of(formats: Sequence[int], number: int) -> int:
    """None given is text, one is for all (Bind, PostgreSQL manual, 55.7)."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[number] if number < len(formats) else 0


def row_description(columns: Sequence[Column], formats: Sequence[int]) -> bytes:
    """``RowDescription``: names and types of columns."""
    return struct.pack("!h", len(columns)) + b"".join(_fields(columns, formats))


def _fields(columns: Sequence[Column], formats: Sequence[int]) -> Iterator[bytes]:
    for number, column in enumerate(columns):
        tail = struct.pack("!ihihih", 0, 0, oid_of(column.type), -1, -1, format_of(formats, number))
        yield column.name.encode() + b"\0" + tail


def data_row(row: Sequence[object], columns: Sequence[Column], formats: Sequence[int]) -> bytes:
    """``DataRow``: one row, each value in its format."""
    made = bytearray(struct.pack("!h", len(columns)))
    for number, (value, column) in enumerate(zip(row, columns, strict=False)):
        data = encoded(value, column.type, format_of(formats, number) == 1)
        made += struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data
    return bytes(made)


def tag_of(result: Result) -> str:
    """What ``CommandComplete`` says."""
    if result.verb == "INSERT":
        return f"INSERT 0 {result.count}"
    return f"{result.verb} {result.count}" if result.verb in _COUNTED else result.verb

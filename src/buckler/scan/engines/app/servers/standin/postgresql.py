"""The stand-in for PostgreSQL: its protocol, version 3 (PostgreSQL manual, chapter 55).

Threat: whoever speaks to it is a hostile application. Lengths are bounded before anything is read, each
connection has its own thread and there is a limit of them, and what cannot be read ends that one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from buckler.scan.engines.app.servers.standin import introspection
from buckler.scan.engines.app.servers.standin.database import (
    Column,
    Databases,
    Result,
    StatementError,
)
from buckler.scan.engines.app.servers.standin.pg_messages import (
    data_row,
    format_of,
    row_description,
    shorts,
    tag_of,
)
from buckler.scan.engines.app.servers.standin.pg_types import decoded, oid_of
from buckler.scan.engines.app.servers.standin.translate import split

VERSION = "16.4"
MAX_CONNECTIONS = 60
MAX_MESSAGE = 16 * 1024 * 1024
MAX_PREPARED = 1000
_PROTOCOL, _CANCEL, _TLS, _GSS = 196608, 80877102, 80877103, 80877104
_TOLD = {
    "server_version": VERSION,
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "is_superuser": "off",
}
_SHOWN = {
    **{name.lower(): value for name, value in _TOLD.items()},
    "transaction isolation level": "read committed",
    "transaction_isolation": "read committed",
    "search_path": '"$user", public',
    "transaction_read_only": "off",
    "max_identifier_length": "63",
}
_SESSION = re.compile(
    r"^\s*(?P<verb>BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK(?:\s+TO)?|ABORT|SAVEPOINT|RELEASE|SET|RESET|"
    r"DISCARD|DEALLOCATE|LISTEN|UNLISTEN|NOTIFY|LOCK|SHOW|CLOSE)\b(?P<rest>[^;]*);?\s*$",
    re.IGNORECASE,
)
_ENDS = ("COMMIT", "END", "ROLLBACK", "ABORT")


def serve(path: Path, databases: Databases) -> None:
    """Listen on a Unix socket, for ever.

    Args:
        path: Of the socket.
        databases: What statements run on.
    """
    free = threading.Semaphore(MAX_CONNECTIONS)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o777)
        listener.listen(MAX_CONNECTIONS)
        while True:
            client, _ = listener.accept()
            if not free.acquire(blocking=False):
                client.close()
                continue
            threading.Thread(target=_talk, args=(client, databases, free), daemon=True).start()


def _talk(client: socket.socket, databases: Databases, free: threading.Semaphore) -> None:
    try:
        with client, contextlib.suppress(OSError, EOFError, struct.error, UnicodeDecodeError):
            Connection(client, databases).run()
    finally:
        databases.end(keep=False)
        free.release()


@dataclass(slots=True)
class _Prepared:
    """A statement that was parsed."""

    text: str
    oids: list[int]
    wanted: list[str]
    columns: tuple[Column, ...]


@dataclass(slots=True)
class _Portal:
    """A statement with its parameters; its result once it ran."""

    prepared: _Prepared
    values: list[object]
    formats: tuple[int, ...]
    rows: list[tuple[object, ...]] | None = None
    tag: str = ""


@dataclass(slots=True)
class _Names:
    """What a connection has prepared."""

    statements: dict[str, _Prepared] = field(default_factory=dict)
    portals: dict[str, _Portal] = field(default_factory=dict)


class Connection:
    """One client.

    Args:
        client: Its socket.
        databases: What statements run on.
    """

    def __init__(self, client: socket.socket, databases: Databases) -> None:
        self._client = client
        self._in = client.makefile("rb")
        self._out = bytearray()
        self._databases = databases
        self._database = "postgres"
        self._names = _Names()
        self._status = b"I"
        self._skipping = False

    def run(self) -> None:
        """Talk until the client ends it."""
        if not self._begin():
            return
        while True:
            kind = self._read(1)
            body = self._read(self._length() - 4)
            if kind == b"X":
                return
            if self._skipping and kind not in (b"S", b"Q"):
                continue
            self._answer(kind, body)
            if kind in (b"S", b"Q", b"H"):
                self._flush()

    def _answer(self, kind: bytes, body: bytes) -> None:
        try:
            match kind:
                case b"Q":
                    self._query(_text(body))
                case b"P":
                    self._parse(body)
                case b"B":
                    self._bind(body)
                case b"D":
                    self._describe(body)
                case b"E":
                    self._execute(body)
                case b"C":
                    self._close(body)
                case b"S":
                    self._skipping = False
                    self._put(b"Z", self._status)
                case b"H" | b"p" | b"d" | b"c" | b"f":
                    pass
                case _:
                    raise StatementError("08P01", "unknown message")
        except (StatementError, ValueError, KeyError) as error:
            self._refuse(error)
            self._skipping = kind != b"Q"
            if kind == b"Q":
                self._put(b"Z", self._status)
            self._flush()

    def _begin(self) -> bool:
        """The start-up; whether the client wants to talk at all."""
        while True:
            length = self._length()
            body = self._read(length - 4)
            (code,) = struct.unpack_from("!i", body)
            if code in (_TLS, _GSS):
                self._client.sendall(b"N")
                continue
            if code != _PROTOCOL:
                return False
            break
        parts = [part.decode() for part in body[4:].split(b"\0")]
        given = dict(zip(parts[::2], parts[1::2], strict=False))
        self._database = given.get("database") or given.get("user") or "postgres"
        self._put(b"R", struct.pack("!i", 0))
        for name, value in _TOLD.items():
            self._put(b"S", f"{name}\0{value}\0".encode())
        self._put(b"K", struct.pack("!ii", 1, 1))
        self._put(b"Z", self._status)
        self._flush()
        return True

    def _query(self, text: str) -> None:
        """The simple protocol: one text, values as text."""
        parts = split(text)
        if not parts:
            self._put(b"I", b"")
        for part in parts:
            result = self._run(part, ())
            if result.columns:
                self._put(b"T", row_description(result.columns, ()))
            for row in result.rows:
                self._put(b"D", data_row(row, result.columns, ()))
            self._put(b"C", f"{tag_of(result)}\0".encode())
        self._put(b"Z", self._status)

    def _parse(self, body: bytes) -> None:
        name, text, rest = body.split(b"\0", 2)
        (count,) = struct.unpack_from("!h", rest)
        given = struct.unpack_from(f"!{count}I", rest, 2)
        statement = text.decode()
        wanted, columns = self._described(statement)
        wanted += ["text"] * (len(given) - len(wanted))
        oids = [
            given[at] if at < len(given) and given[at] else oid_of(category)
            for at, category in enumerate(wanted)
        ]
        if len(self._names.statements) >= MAX_PREPARED:
            raise StatementError("53400", "too many prepared statements")
        self._names.statements[name.decode()] = _Prepared(statement, oids, wanted, columns)
        self._put(b"1", b"")

    def _described(self, statement: str) -> tuple[list[str], tuple[Column, ...]]:
        session = _SESSION.match(statement)
        if session is not None:
            return [], _session_columns(session)
        if introspection.MARK in statement:
            return list(introspection.WANTED), introspection.COLUMNS
        if not statement.strip(" \t\r\n;"):
            return [], ()
        return self._databases.describe(self._database, statement)

    def _bind(self, body: bytes) -> None:
        portal, name, rest = body.split(b"\0", 2)
        prepared = self._statement(name.decode())
        at = 0
        formats, at = shorts(rest, at)
        (count,) = struct.unpack_from("!h", rest, at)
        at += 2
        values: list[object] = []
        for number in range(count):
            (length,) = struct.unpack_from("!i", rest, at)
            at += 4
            data = None if length < 0 else rest[at : at + length]
            at += max(length, 0)
            oid = prepared.oids[number] if number < len(prepared.oids) else 0
            wanted = prepared.wanted[number] if number < len(prepared.wanted) else "text"
            values.append(decoded(data, oid, wanted, format_of(formats, number) == 1))
        results, _ = shorts(rest, at)
        self._names.portals[portal.decode()] = _Portal(prepared, values, results)
        self._put(b"2", b"")

    def _describe(self, body: bytes) -> None:
        name = _text(body[1:])
        if body[:1] == b"S":
            prepared, formats = self._statement(name), ()
            oids = struct.pack(f"!h{len(prepared.oids)}I", len(prepared.oids), *prepared.oids)
            self._put(b"t", oids)
        else:
            portal = self._portal(name)
            prepared, formats = portal.prepared, portal.formats  # type: ignore[assignment]
        if prepared.columns:
            self._put(b"T", row_description(prepared.columns, formats))
        else:
            self._put(b"n", b"")

    def _execute(self, body: bytes) -> None:
        name, rest = body.split(b"\0", 1)
        (most,) = struct.unpack_from("!i", rest)
        portal = self._portal(name.decode())
        if portal.rows is None:
            result = self._run(portal.prepared.text, portal.values)
            if result.rows and len(result.columns) != len(portal.prepared.columns):
                raise StatementError("0A000", "cached plan must not change result type")
            portal.rows, portal.tag = result.rows, tag_of(result)
        now = portal.rows[:most] if most > 0 else portal.rows
        portal.rows = portal.rows[len(now) :]
        for row in now:
            self._put(b"D", data_row(row, portal.prepared.columns, portal.formats))
        if portal.rows:
            self._put(b"s", b"")
        elif not portal.prepared.text.strip(" \t\r\n;"):
            self._put(b"I", b"")
        else:
            self._put(b"C", f"{portal.tag}\0".encode())

    def _close(self, body: bytes) -> None:
        name = _text(body[1:])
        if body[:1] == b"S":
            self._names.statements.pop(name, None)
        else:
            self._names.portals.pop(name, None)
        self._put(b"3", b"")

    def _statement(self, name: str) -> _Prepared:
        if name not in self._names.statements:
            raise StatementError("26000", f'prepared statement "{name}" does not exist')
        return self._names.statements[name]

    def _portal(self, name: str) -> _Portal:
        if name not in self._names.portals:
            raise StatementError("34000", f'portal "{name}" does not exist')
        return self._names.portals[name]

    def _run(self, text: str, values: Sequence[object]) -> Result:
        session = _SESSION.match(text)
        if introspection.MARK in text:
            return introspection.answer(values)
        if session is None:
            return self._databases.run(self._database, text, values) if text.strip() else _NOTHING
        verb = " ".join(session["verb"].upper().split())
        if verb == "SHOW":
            name = session["rest"].strip().lower()
            return Result("SHOW", _session_columns(session), [(_SHOWN.get(name, ""),)], 1)
        self._transact(verb, session["rest"])
        return Result("ROLLBACK" if verb == "ROLLBACK TO" else verb, (), [], 0)

    def _transact(self, verb: str, rest: str) -> None:
        if verb in ("BEGIN", "START TRANSACTION"):
            self._status = b"T"
            self._databases.begin(self._database)
        elif verb in _ENDS:
            self._status = b"I"
            self._databases.end(keep=verb in ("COMMIT", "END"))
        elif verb in ("SAVEPOINT", "RELEASE", "ROLLBACK TO"):
            name = re.sub(r"^\s*SAVEPOINT\s+", "", rest, flags=re.IGNORECASE).strip().strip('"')
            self._databases.mark(self._database, verb, name)

    def _refuse(self, error: Exception) -> None:
        state = error.sqlstate if isinstance(error, StatementError) else "22P02"
        said = str(error).replace("\0", "")
        fields = f"SERROR\0VERROR\0C{state}\0M{said}\0\0"
        self._put(b"E", fields.encode())

    def _put(self, kind: bytes, body: bytes) -> None:
        self._out += kind + struct.pack("!i", len(body) + 4) + body
        if len(self._out) > MAX_MESSAGE:
            self._flush()

    def _flush(self) -> None:
        self._client.sendall(self._out)
        self._out.clear()

    def _length(self) -> int:
        (length,) = struct.unpack("!i", self._read(4))
        if not 4 <= length <= MAX_MESSAGE:
            raise EOFError("the length of a message is out of its range")
        return int(length)

    def _read(self, count: int) -> bytes:
        data = self._in.read(count)
        if len(data) < count:
            raise EOFError("the client is gone")
        return data


_NOTHING = Result("", (), [], 0)


def _text(body: bytes) -> str:
    return body.partition(b"\0")[0].decode()


def _session_columns(session: re.Match[str]) -> tuple[Column, ...]:
    shown = session["verb"].upper() == "SHOW"
    return (Column(session["rest"].strip().replace(" ", "_").lower(), "text"),) if shown else ()

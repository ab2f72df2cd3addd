"""A stand-in for MySQL and MariaDB where there is none: protocol 4.1 on a Unix socket.

Source: MySQL internals manual, "Client/Server Protocol" (dev.mysql.com): "Connection Phase", "Text
Protocol", "Prepared Statements". Whoever signs in is let in: the socket is the scan's own, and what
a client announces is believed only up to the limits below.
"""

from __future__ import annotations

import secrets
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from buckler.scan.engines.app.servers.standin import mysql_packets as packets
from buckler.scan.engines.app.servers.standin.database import Column, Databases, Result
from buckler.scan.engines.app.servers.standin.mysql_dialect import decoded
from buckler.scan.engines.app.servers.standin.mysql_errors import syntax
from buckler.scan.engines.app.servers.standin.mysql_packets import Refusal
from buckler.scan.engines.app.servers.standin.mysql_session import VERSION, Names, Session
from buckler.scan.engines.app.servers.standin.mysql_statements import run
from buckler.scan.engines.app.servers.standin.mysql_words import filled, marks, split

CONNECTIONS = 151
LARGEST = 16 * 1024 * 1024
"""Bytes of one command."""
LARGEST_GREETING = 64 * 1024
SIGN_IN_SECONDS = 10.0
STATEMENTS = 1000
"""Prepared ones, for each connection."""
_FULL = (1 << 24) - 1
_NATIVE, _CACHING = b"mysql_native_password", b"caching_sha2_password"


class Gone(Exception):
    """The client has hung up, or must be hung up on."""


def serve(socket_path: Path, databases: Databases) -> None:
    """Serve until the process ends.

    Args:
        socket_path: Of the Unix socket to listen on.
        databases: That statements run on.

    Raises:
        OSError: It cannot listen there.
    """
    names, numbers = Names(), count(1)
    places = threading.BoundedSemaphore(CONNECTIONS)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        socket_path.chmod(0o777)
        listener.listen(CONNECTIONS)
        while True:
            client, _ = listener.accept()
            if not places.acquire(blocking=False):
                _turn_away(client)
                continue
            session = Session(databases, names, next(numbers))
            threading.Thread(target=_serve_one, args=(client, session, places), daemon=True).start()


def _turn_away(client: socket.socket) -> None:
    with client:
        client.setblocking(False)
        refusal = packets.error(Refusal(1040, "08004", "Too many connections"))
        try:
            client.send(struct.pack("<I", len(refusal))[:3] + b"\0" + refusal)
        except OSError:
            return  # it has gone already


def _serve_one(client: socket.socket, session: Session, places: threading.BoundedSemaphore) -> None:
    try:
        with client:
            Connection(client, session).serve()
    except (Gone, OSError):
        return  # the client's own affair; nobody else's session is touched
    finally:
        session.databases.end(keep=False)
        places.release()


@dataclass(slots=True)
class Prepared:
    """A prepared statement: its text, the types of its values, and values that came in parts."""

    text: str
    marks: int
    types: list[int] = field(default_factory=list)
    parts: dict[int, bytes] = field(default_factory=dict)


class Connection:
    """The protocol with one client.

    Args:
        client: Connected.
        session: What is known of it.
    """

    def __init__(self, client: socket.socket, session: Session) -> None:
        self._client = client
        self._session = session
        self._sequence = 0
        self._flags = 0
        self._prepared: dict[int, Prepared] = {}
        self._numbers = count(1)
        self._out = bytearray()

    def serve(self) -> None:
        """Let the client in and do what it says, until it goes.

        Raises:
            Gone: It hung up, or sent too much.
            OSError: The same, seen by the socket.
        """
        self._client.settimeout(SIGN_IN_SECONDS)
        try:
            self._sign_in()
        except Refusal as refusal:
            self._send(packets.error(refusal))
            self._flush()
            return
        self._client.settimeout(None)
        while True:
            self._sequence = 0
            packet = self._receive(LARGEST)
            if packet[:1] in (b"\x01", b""):
                return
            try:
                self._obey(packet[0], packets.Reader(packet[1:]))
            except Refusal as refusal:
                self._send(packets.error(refusal))
            self._flush()

    def _sign_in(self) -> None:
        salt = bytes(33 + byte % 94 for byte in secrets.token_bytes(20))
        self._send(packets.greeting(f"5.5.5-{VERSION}", self._session.connection, salt))
        self._flush()
        reader = packets.Reader(self._receive(LARGEST_GREETING))
        self._flags = reader.integer(4) & packets.OFFERED
        if not self._flags & packets.PROTOCOL_41:
            raise Refusal(1251, "08004", "Client does not support authentication protocol")
        reader.take(28)
        self._enter(reader, salt)

    def _enter(self, reader: packets.Reader, salt: bytes) -> None:
        """Read who comes, and let it in; used at the start and by COM_CHANGE_USER."""
        self._session.user = reader.line().decode("utf-8", "replace")
        if self._flags & packets.PLUGIN_AUTH_LENENC:
            proof = reader.text()
        else:
            proof = reader.take(reader.integer(1))
        with_database = self._flags & packets.CONNECT_WITH_DB
        database = reader.line() if with_database and reader else b""
        plugin = reader.line() if self._flags & packets.PLUGIN_AUTH and reader else _NATIVE
        self._agree(plugin, proof, salt)
        if database:
            self._session.use(database.decode("utf-8", "replace"))
        self._send_ok()
        self._flush()

    def _agree(self, plugin: bytes, proof: bytes, salt: bytes) -> None:
        """Answer what the client's way of signing in waits for; no password is checked."""
        if plugin == _CACHING:
            if proof.strip(b"\0"):
                self._send(b"\x01\x03")  # the fast path: it is in the cache
        elif plugin != _NATIVE:
            self._send(b"\xfe" + _NATIVE + b"\0" + salt + b"\0")
            self._flush()
            self._receive(LARGEST_GREETING)

    def _obey(self, command: int, reader: packets.Reader) -> None:
        """Do one command, by its number in the manual."""
        match command:
            case 0x02:
                self._session.use(reader.rest().decode("utf-8", "replace"))
                self._send_ok()
            case 0x03:
                self._query(decoded(reader.rest()))
            case 0x09:
                self._send(b"Uptime: 1  Threads: 1  Questions: 1")
            case 0x0E:
                self._send_ok()
            case 0x11:
                self._change_user(reader)
            case 0x16:
                self._prepare(decoded(reader.rest()))
            case 0x17:
                self._execute(reader)
            case 0x18:
                self._take_part(reader)
            case 0x19:
                self._prepared.pop(reader.integer(4), None)
            case 0x1A:
                self._found(reader).parts.clear()
                self._send_ok()
            case 0x1B:
                self._set_option(reader.integer(2))
            case 0x1F:
                self._session.reset()
                self._prepared.clear()
                self._send_ok()
            case _:
                raise Refusal(1047, "08S01", "Unknown command")

    def _change_user(self, reader: packets.Reader) -> None:
        user = reader.line()
        proof = reader.take(reader.integer(1))
        database = reader.line()
        reader.take(2 if reader else 0)
        plugin = reader.line() if reader else _NATIVE
        self._session.reset()
        self._session.user = user.decode("utf-8", "replace")
        self._session.database = ""
        self._prepared.clear()
        self._agree(plugin, proof, secrets.token_hex(10).encode())
        if database:
            self._session.use(database.decode("utf-8", "replace"))
        self._send_ok()

    def _set_option(self, option: int) -> None:
        if option > 1:
            raise Refusal(1047, "08S01", "Unknown command")
        several = packets.MULTI_STATEMENTS
        self._flags = self._flags & ~several | (0 if option else several)
        self._send_end(self._session.status)

    def _query(self, text: str) -> None:
        parts = split(text)
        if not parts:
            raise Refusal(1065, "42000", "Query was empty")
        if len(parts) > 1 and not self._flags & packets.MULTI_STATEMENTS:
            raise syntax(parts[1])
        for at, part in enumerate(parts, start=1):
            result = run(self._session, part)
            more = packets.MORE_RESULTS if at < len(parts) else 0
            self._send_result(result, more, binary=False)

    def _prepare(self, text: str) -> None:
        parts = split(text)
        if len(parts) != 1:
            raise syntax(parts[1]) if parts else Refusal(1065, "42000", "Query was empty")
        if len(self._prepared) >= STATEMENTS:
            raise Refusal(
                1461, "42000", "Can't create more than max_prepared_stmt_count statements"
            )
        number, wanted = next(self._numbers), len(marks(parts[0]))
        if wanted > 0xFFFF:
            raise Refusal(1390, "HY000", "Prepared statement contains too many placeholders")
        self._prepared[number] = Prepared(parts[0], wanted)
        # The columns are told when it is executed, as for statements whose columns are not known.
        self._send(b"\0" + struct.pack("<IHHBH", number, 0, wanted, 0, 0))
        for _ in range(wanted):
            self._send(packets.definition(Column("?", "text")))
        if wanted:
            self._send_between()

    def _found(self, reader: packets.Reader) -> Prepared:
        number = reader.integer(4)
        if number not in self._prepared:
            raise Refusal(1243, "HY000", f"Unknown prepared statement handler ({number})")
        return self._prepared[number]

    def _take_part(self, reader: packets.Reader) -> None:
        """COM_STMT_SEND_LONG_DATA has no answer, not even an error."""
        number, at = reader.integer(4), reader.integer(2)
        found = self._prepared.get(number)
        if found is None or at >= found.marks:
            return
        found.parts[at] = found.parts.get(at, b"") + reader.rest()
        if sum(map(len, found.parts.values())) > LARGEST:
            raise Gone

    def _execute(self, reader: packets.Reader) -> None:
        found = self._found(reader)
        reader.take(5)
        values: Sequence[object] = ()
        if found.marks:
            values = packets.parameters(reader, found.marks, found.types, found.parts)
        result = run(self._session, filled(found.text, values))
        self._send_result(result, 0, binary=True)

    def _send_result(self, result: Result, more: int, *, binary: bool) -> None:
        session = self._session
        if not result.columns:
            last = session.last_id if result.verb in ("INSERT", "REPLACE") else 0
            self._send_ok(count=result.count, last_id=last, more=more)
            return
        self._send(packets.number(len(result.columns)))
        for column in result.columns:
            self._send(packets.definition(column))
        if not self._flags & packets.DEPRECATE_EOF:
            self._send_between()
        written = packets.binary_row if binary else packets.row
        for row in result.rows:
            self._send(written(row, result.columns))
        self._send_end(session.status | more)

    def _send_between(self) -> None:
        """Behind definitions there is an end as well, unless both sides do without."""
        if not self._flags & packets.DEPRECATE_EOF:
            self._send(packets.end_of_rows(self._session.status))

    def _send_end(self, status: int) -> None:
        if self._flags & packets.DEPRECATE_EOF:
            self._send(packets.ok(status, head=b"\xfe"))
        else:
            self._send(packets.end_of_rows(status))

    def _send_ok(self, *, count: int = 0, last_id: int = 0, more: int = 0) -> None:
        self._send(packets.ok(self._session.status | more, count=count, last_id=last_id))

    def _send(self, payload: bytes) -> None:
        """Put a packet into the buffer; one of 16 MiB and more goes in parts."""
        for at in range(0, len(payload) + 1, _FULL):
            part = payload[at : at + _FULL]
            self._out += struct.pack("<I", len(part))[:3] + bytes((self._sequence,)) + part
            self._sequence = (self._sequence + 1) % 256
        if len(self._out) > 1 << 16:
            self._flush()

    def _flush(self) -> None:
        self._client.sendall(self._out)
        self._out.clear()

    def _receive(self, limit: int) -> bytes:
        """One packet, put together of its parts.

        Raises:
            Gone: There is none, or it is too large.
        """
        whole = bytearray()
        while True:
            head = self._exactly(4)
            size = int.from_bytes(head[:3], "little")
            self._sequence = (head[3] + 1) % 256
            if len(whole) + size > limit:
                message = "Got a packet bigger than 'max_allowed_packet' bytes"
                self._send(packets.error(Refusal(1153, "08S01", message)))
                self._flush()
                raise Gone
            whole += self._exactly(size)
            if size < _FULL:
                return bytes(whole)

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self._client.recv(min(size - len(found), 1 << 16))
            if not part:
                raise Gone
            found += part
        return bytes(found)

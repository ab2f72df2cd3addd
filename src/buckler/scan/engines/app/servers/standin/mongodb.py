"""A stand-in for MongoDB where there is none: its wire protocol on a Unix socket, in memory.

The messages are those of the manual ("MongoDB Wire Protocol"): OP_MSG, and the OP_QUERY with which
older drivers begin. OP_COMPRESSED is never agreed on. What a client announces is believed only up to
the limits below; behind anything else it is hung up on.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from buckler.scan.engines.app.servers.standin import (
    mongo_catalog,
    mongo_reads,
    mongo_server,
    mongo_writes,
)
from buckler.scan.engines.app.servers.standin.listening import listen
from buckler.scan.engines.app.servers.standin.mongo_bson import (
    BsonError,
    Document,
    decode,
    encode,
    length_of,
)
from buckler.scan.engines.app.servers.standin.mongo_commands import Session, run
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_store import Store

FAMILIES = (mongo_catalog, mongo_reads, mongo_server, mongo_writes)
"""The modules whose import enters their commands."""
LARGEST = mongo_server.MESSAGE + 64 * 1024
"""Bytes of one message."""
REPLY, QUERY, MESSAGE = 1, 2004, 2013
CHECKSUM, MORE_TO_COME = 1, 2
_KNOWN_FLAGS = 0b11
"""Of the lower half, in which an unknown one is refused."""


class ProtocolError(Exception):
    """What came is no message that is answered here."""


def serve(socket_path: Path) -> None:
    """Serve until the process ends.

    Args:
        socket_path: Of the Unix socket to listen on.

    Raises:
        OSError: It cannot listen there.
    """
    # Filters and documents are followed as deep as BSON may be nested.
    sys.setrecursionlimit(5_000)
    listen(socket_path, partial(_meet, Store()))


async def _meet(
    store: Store, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await _converse(Session(store, number), reader, writer)
    except ProtocolError:
        writer.transport.abort()


async def _converse(
    session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    answers = count(1)
    while True:
        try:
            head = await reader.readexactly(16)
        except asyncio.IncompleteReadError:
            return
        length, number, _, kind = struct.unpack("<iiii", head)
        if not 16 < length <= LARGEST:
            raise ProtocolError("the length of a message is wrong")
        body = await reader.readexactly(length - 16)
        answer = reply(session, kind, body)
        if answer is not None:
            code, data = answer
            header = struct.pack("<iiii", 16 + len(data), next(answers) & 0x7FFFFFFF, number, code)
            writer.write(header + data)
            await writer.drain()


def reply(session: Session, kind: int, body: bytes) -> tuple[int, bytes] | None:
    """The kind and the content of the answer to a message; None where none is waited for.

    Raises:
        ProtocolError: It is no message that is answered here.
    """
    if kind == QUERY:
        answer = _ran(session, lambda: query_of(body))
        return REPLY, struct.pack("<iqii", 8, 0, 0, 1) + _written(answer)
    if kind != MESSAGE:
        raise ProtocolError(f"messages of the kind {kind} are not known")
    if len(body) < 5:
        raise ProtocolError("the message ends in the middle")
    flags = int.from_bytes(body[:4], "little")
    if flags & 0xFFFF & ~_KNOWN_FLAGS:
        raise ProtocolError("a flag is not known")
    answer = _ran(session, lambda: command_of(body, flags))
    if flags & MORE_TO_COME:
        return None
    return MESSAGE, b"\0\0\0\0\0" + _written(answer)


def _ran(session: Session, read: Callable[[], Document]) -> Document:
    try:
        command = read()
    except BsonError as error:
        return MongoError(22, f"the command is no BSON: {error}").reply()
    return run(session, command)


def _written(answer: Document) -> bytes:
    try:
        return encode(answer)
    except BsonError as error:
        return encode(MongoError(22, f"the answer cannot be written: {error}").reply())


def command_of(body: bytes, flags: int) -> Document:
    """The command in an OP_MSG: its document, with the sequences of documents beside it.

    Raises:
        BsonError: The sections are no BSON.
        ProtocolError: There is not one document among them.
    """
    end = len(body) - (4 if flags & CHECKSUM else 0)
    found: Document | None = None
    sequences: Document = {}
    at = 4
    while at < end:
        kind, at = body[at], at + 1
        if kind == 0 and found is None:
            length = length_of(body, at)
            found = decode(body[at : at + length])
        elif kind == 1:
            length = length_of(body, at)
            name, items = _sequence(body[at + 4 : at + length])
            sequences[name] = items
        else:
            raise ProtocolError("a section is not known")
        at += length
    if found is None or at != end:
        raise ProtocolError("the message has no command")
    return {**found, **sequences}


def _sequence(data: bytes) -> tuple[str, list[Document]]:
    name, zero, rest = data.partition(b"\0")
    if not zero:
        raise ProtocolError("a sequence has no name")
    items, at = [], 0
    while at < len(rest):
        length = length_of(rest, at)
        items.append(decode(rest[at : at + length]))
        at += length
    return name.decode("utf-8", "replace"), items


def query_of(body: bytes) -> Document:
    """The command in an OP_QUERY.

    Raises:
        BsonError: It is no BSON.
        ProtocolError: It is about documents, which only servers of long ago answered.
    """
    end = body.find(b"\0", 4)
    if end < 0 or not body[4:end].endswith(b".$cmd"):
        raise ProtocolError("an old query is answered for commands alone")
    at = end + 9
    length = length_of(body, at)
    found = decode(body[at : at + length])
    inner = found.get("$query", found.get("query"))
    command = inner if isinstance(inner, dict) else found
    database = body[4:end].decode("utf-8", "replace").removesuffix(".$cmd")
    return {**command, "$db": database}

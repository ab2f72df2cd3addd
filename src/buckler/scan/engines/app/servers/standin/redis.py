"""A stand-in for Redis where there is none: RESP2 and RESP3 on a Unix socket, in memory.

The form of requests is that of the RESP specification (redis.io, "Redis serialization protocol
specification", "Sending commands to a Redis server"): arrays of bulk strings, or a line of words.
What a client announces is believed only up to the limits below; behind anything else it gets the
specification's error and is hung up on.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from buckler.scan.engines.app.servers.standin import (
    redis_channels,
    redis_kept,
    redis_lists,
    redis_server,
    redis_streams,
    redis_unions,
)
from buckler.scan.engines.app.servers.standin.listening import listen
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Reply, encode
from buckler.scan.engines.app.servers.standin.redis_session import (
    Arguments,
    Session,
    Silent,
    Waiting,
)
from buckler.scan.engines.app.servers.standin.redis_store import Store
from buckler.scan.engines.app.servers.standin.redis_transactions import leave, run

FAMILIES = (redis_channels, redis_kept, redis_lists, redis_server, redis_streams, redis_unions)
"""The modules whose import enters their commands."""
WORDS = 1 << 17
"""In one request."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one request."""
UNREAD = 32 * 1024 * 1024
"""Bytes that a client may leave unread before it is hung up on."""
_NUMBER = re.compile(rb"-?[0-9]{1,19}")
_QUOTED = re.compile(
    rb'"((?:[^"\\]|\\.)*)"(?=\s|$)|\'((?:[^\'\\]|\\.)*)\'(?=\s|$)|([^\s"\']\S*)', re.S
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


class ProtocolError(Exception):
    """What came is not RESP, or more of it than is taken."""


def serve(socket_path: Path) -> None:
    """Serve until the process ends.

    Args:
        socket_path: Of the Unix socket to listen on.

    Raises:
        OSError: It cannot listen there.
    """
    listen(socket_path, partial(_meet, Store()), full=b"-ERR max number of clients reached\r\n")


async def _meet(
    store: Store, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    session = Session(store, number, lambda _: None)
    session.deliver = _deliverer(session, writer)
    # A driver may send a whole pipeline before it reads: until then its replies are kept.
    writer.transport.set_write_buffer_limits(high=UNREAD)
    try:
        await _converse(session, reader, writer)
    except ProtocolError as error:
        writer.write(encode(CommandError(f"ERR Protocol error: {error}")))
    finally:
        leave(session)


def _deliverer(session: Session, writer: asyncio.StreamWriter) -> Callable[[Reply], None]:
    def deliver(message: Reply) -> None:
        if writer.transport.is_closing():
            return
        writer.write(encode(message, session.protocol))
        if writer.transport.get_write_buffer_size() > UNREAD:
            writer.transport.abort()

    return deliver


async def _converse(
    session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while not session.over:
        words = await request(reader)
        if words is None:
            return
        if not words:
            continue
        reply = run(session, words)
        if isinstance(reply, Waiting):
            reply = await _waited(session, reply, reader)
        if not isinstance(reply, Silent):
            writer.write(encode(reply, session.protocol))
        await writer.drain()


async def _waited(session: Session, waiting: Waiting, reader: asyncio.StreamReader) -> Reply:
    """The answer of a blocking command; who has gone meanwhile waits no longer."""
    end = time.monotonic() + waiting.seconds if waiting.seconds else None
    while not reader.at_eof():
        try:
            found = waiting.again()
        except CommandError as error:
            return error
        if found is not None:
            return found
        left = 1.0 if end is None else end - time.monotonic()
        if left <= 0:
            break
        await session.store.changed(min(left, 1.0))
    return waiting.nothing


async def request(reader: asyncio.StreamReader) -> Arguments | None:
    """The words of one request; None where the client has gone, nothing for an empty one.

    Raises:
        ProtocolError: It is none, or too large.
        asyncio.IncompleteReadError: The client went in the middle of it.
    """
    line = await _line(reader, "too big inline request")
    if line is None:
        return None
    if not line.startswith(b"*"):
        return _inline(line)
    number = _number(line[1:], WORDS, "invalid multibulk length")
    words, size = [], 0
    for _ in range(number):
        head = await _line(reader, "too big bulk count string")
        if head is None:
            return None
        if not head.startswith(b"$"):
            shown = chr(head[0]) if head and 32 <= head[0] < 127 else "?"
            raise ProtocolError(f"expected '$', got '{shown}'")
        length = _number(head[1:], LARGEST - size, "invalid bulk length")
        if length < 0:
            raise ProtocolError("invalid bulk length")
        words.append((await reader.readexactly(length + 2))[:-2])
        size += length
    return words


async def _line(reader: asyncio.StreamReader, problem: str) -> bytes | None:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        raise ProtocolError(problem) from error
    except asyncio.IncompleteReadError:
        return None
    return line.rstrip(b"\r\n")


def _number(text: bytes, most: int, problem: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise ProtocolError(problem)
    return int(text)


def _inline(line: bytes) -> Arguments:
    """The words of a line, which quotes keep together.

    Raises:
        ProtocolError: A quote is left open.
    """
    words = []
    at = 0
    while rest := line[at:].strip():
        at = len(line) - len(line[at:].lstrip())
        found = _QUOTED.match(line, at)
        if not found or not rest:
            raise ProtocolError("unbalanced quotes in request")
        double, single, bare = found.groups()
        words.append(_unescaped(double) if double is not None else single or bare or b"")
        at = found.end()
    return words


def _unescaped(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes((int(code[1:], 16),)) if len(code) == 3 else _ESCAPES.get(code, code)

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", one, text, flags=re.S)

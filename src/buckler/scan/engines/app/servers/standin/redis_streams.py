"""The commands of a stand-in for Redis on streams; groups of readers are not there."""

from __future__ import annotations

from collections.abc import Mapping

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    integer,
)
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, NoArray, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    Waiting,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import Stream, now

Id = tuple[int, int]
HIGHEST = (1 << 64) - 1
INVALID = "ERR Invalid stream ID specified as stream command argument"
TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top item"


def parse(text: bytes, second: int = 0) -> Id:
    """An id: milliseconds, and a number behind a dash.

    Raises:
        CommandError: It is none.
    """
    first, dash, rest = text.partition(b"-")
    parts = (first, rest) if dash else (first, b"%d" % second)
    if not all(part.isdigit() and len(part) <= 20 and int(part) <= HIGHEST for part in parts):
        raise CommandError(INVALID)
    return int(parts[0]), int(parts[1])


def _text(key: Id) -> bytes:
    return b"%d-%d" % key


def _rows(stream: Stream, low: Id, high: Id) -> list[Reply]:
    return [
        [_text(key), list(fields)] for key, fields in stream.entries.items() if low <= key <= high
    ]


@command("xadd", 4, MANY, adds=True)
def xadd(session: Session, words: Arguments) -> Reply:
    """XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] id field value..."""
    options, at = Options(words, 1), 1
    creates, trim = True, ""
    threshold = b""
    while name := options.accept("NOMKSTREAM", "MAXLEN", "MINID"):
        at += 1
        if name == "NOMKSTREAM":
            creates = False
            continue
        at += bool(options.accept("=", "~")) + 1
        trim, threshold = name, options.value()
        if options.accept("LIMIT"):
            options.integer()
            at += 2
    fields = words[at + 1 :]
    if not fields or len(fields) % 2:
        raise CommandError("ERR wrong number of arguments for 'xadd' command")
    stream = session.database.get(words[0], Stream)
    if stream is None and not creates:
        return None
    key = _next(stream or Stream(), words[at])
    stream = session.database.make(words[0], Stream)
    stream.entries[key], stream.last = fields, key
    _trim(stream, trim, threshold)
    return _text(key)


def _next(stream: Stream, wanted: bytes) -> Id:
    last = stream.last
    if wanted == b"*":
        moment = (now(), 0)
        return moment if moment > last else (last[0], last[1] + 1)
    if wanted.endswith(b"-*"):
        first = parse(wanted[:-2])[0]
        key = (first, last[1] + 1 if first == last[0] else 0)
    else:
        key = parse(wanted)
    if key == (0, 0):
        raise CommandError("ERR The ID specified in XADD must be greater than 0-0")
    if key <= last:
        raise CommandError(TOO_SMALL)
    return key


def _trim(stream: Stream, how: str, threshold: bytes) -> int:
    keys = list(stream.entries)
    if how == "MAXLEN":
        gone = keys[: max(len(keys) - integer(threshold), 0)]
    elif how == "MINID":
        low = parse(threshold)
        gone = [key for key in keys if key < low]
    else:
        gone = []
    for key in gone:
        del stream.entries[key]
    return len(gone)


@command("xtrim", 3, MANY)
def xtrim(session: Session, words: Arguments) -> Reply:
    """XTRIM key MAXLEN | MINID [= | ~] threshold."""
    options = Options(words, 1)
    how = options.accept("MAXLEN", "MINID")
    if not how:
        raise CommandError(SYNTAX)
    options.accept("=", "~")
    threshold = options.value()
    stream = session.database.get(words[0], Stream)
    if stream is None:
        return 0
    session.database.touch(words[0])
    return _trim(stream, how, threshold)


@command("xlen", 1)
def xlen(session: Session, words: Arguments) -> Reply:
    """XLEN key."""
    return len((session.database.get(words[0], Stream) or Stream()).entries)


@command("xdel", 2, MANY)
def xdel(session: Session, words: Arguments) -> Reply:
    """XDEL key id..."""
    stream = session.database.get(words[0], Stream) or Stream()
    session.database.touch(words[0])
    return sum(stream.entries.pop(parse(text), None) is not None for text in words[1:])


def _ranging(name: str, *, reverse: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """XRANGE or XREVRANGE key end end [COUNT count]."""
        options, count = Options(words, 3), -1
        if options.accept("COUNT"):
            count = options.integer()
        options.end()
        low, high = (words[2], words[1]) if reverse else (words[1], words[2])
        stream = session.database.get(words[0], Stream) or Stream()
        rows = _rows(stream, _low(low), _high(high))
        rows = rows[::-1] if reverse else rows
        return rows if count < 0 else rows[:count]

    command(name, 3, 5)(run)


def _low(text: bytes) -> Id:
    if text == b"-":
        return (0, 0)
    if text[:1] == b"(":
        first, second = parse(text[1:])
        return (first, second + 1)
    return parse(text)


def _high(text: bytes) -> Id:
    if text == b"+":
        return (HIGHEST, HIGHEST)
    if text[:1] == b"(":
        first, second = parse(text[1:])
        return (first, second - 1)
    return parse(text, HIGHEST)


_ranging("xrange", reverse=False)
_ranging("xrevrange", reverse=True)


@command("xread", 3, MANY)
def xread(session: Session, words: Arguments) -> Reply:
    """XREAD [COUNT count] [BLOCK milliseconds] STREAMS key... id..."""
    options, count, block, at = Options(words), -1, None, 1
    while (name := options.accept("COUNT", "BLOCK", "STREAMS")) != "STREAMS":
        if not name:
            raise CommandError(SYNTAX)
        amount = options.integer()
        at += 2
        count, block = (amount, block) if name == "COUNT" else (count, amount)
    rest = words[at:]
    if not rest or len(rest) % 2:
        raise CommandError(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be"
            " specified."
        )
    half = len(rest) // 2
    after = {
        key: _since(session, key, text) for key, text in zip(rest[:half], rest[half:], strict=True)
    }

    def again() -> Reply:
        return _news(session, after, count)

    if block is None:
        found = again()
        return NoArray() if found is None else found
    return Waiting(block / 1000, again, NoArray())


def _since(session: Session, key: bytes, text: bytes) -> Id:
    if text == b"$":
        return (session.database.get(key, Stream) or Stream()).last
    return parse(text)


def _news(session: Session, after: Mapping[bytes, Id], count: int) -> Reply:
    news: dict[bytes, list[Reply]] = {}
    for key, (first, second) in after.items():
        stream = session.database.get(key, Stream) or Stream()
        rows = _rows(stream, (first, second + 1), (HIGHEST, HIGHEST))
        if rows:
            news[key] = rows[:count] if count > 0 else rows
    if not news:
        return None
    return news if session.protocol == 3 else [[key, rows] for key, rows in news.items()]

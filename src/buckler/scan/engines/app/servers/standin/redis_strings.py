"""The commands of a stand-in for Redis on strings and counters."""

from __future__ import annotations

import math
from decimal import Decimal

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    in_range,
    integer,
    real,
    span,
)
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import now

LONGEST = 64 * 1024 * 1024
"""Bytes of one string."""
ENDS = {"EX": (1000, False), "PX": (1, False), "EXAT": (1000, True), "PXAT": (1, True)}


def ending(name: str, value: bytes, of: str) -> int:
    """When a key ends, in milliseconds since 1970, said by EX, PX, EXAT or PXAT.

    Raises:
        CommandError: It is no integer, or not above 0.
    """
    problem = f"ERR invalid expire time in '{of}' command"
    factor, absolute = ENDS[name]
    amount = integer(value)
    if amount <= 0:
        raise CommandError(problem)
    return in_range(amount * factor + (0 if absolute else now()), problem)


@command("get", 1)
def get(session: Session, words: Arguments) -> Reply:
    """GET key."""
    return session.database.get(words[0], bytes)


@command("set", 2, MANY, adds=True)
def set_(session: Session, words: Arguments) -> Reply:
    """SET key value [NX | XX] [GET] [EX | PX | EXAT | PXAT time | KEEPTTL]."""
    key, value = words[:2]
    database, options = session.database, Options(words, 2)
    condition, end, keeps, asks = "", None, False, False
    while options:
        name = options.word()
        if name in ENDS and end is None and not keeps:
            end = ending(name, options.value(), "set")
        elif name in ("NX", "XX") and condition in ("", name):
            condition = name
        elif name == "GET":
            asks = True
        elif name == "KEEPTTL" and end is None:
            keeps = True
        else:
            raise CommandError(SYNTAX)
    before = database.get(key, bytes) if asks else None
    there = database.find(key) is not None
    if condition and there != (condition == "XX"):
        return before
    database.put(key, value, database.end(key) if keeps else end)
    return before if asks else "OK"


@command("setex", 3, adds=True)
def setex(session: Session, words: Arguments) -> Reply:
    """SETEX key seconds value."""
    session.database.put(words[0], words[2], ending("EX", words[1], "setex"))
    return "OK"


@command("psetex", 3, adds=True)
def psetex(session: Session, words: Arguments) -> Reply:
    """PSETEX key milliseconds value."""
    session.database.put(words[0], words[2], ending("PX", words[1], "psetex"))
    return "OK"


@command("setnx", 2, adds=True)
def setnx(session: Session, words: Arguments) -> Reply:
    """SETNX key value."""
    if session.database.find(words[0]) is not None:
        return 0
    session.database.put(words[0], words[1])
    return 1


@command("getset", 2, adds=True)
def getset(session: Session, words: Arguments) -> Reply:
    """GETSET key value."""
    before = session.database.get(words[0], bytes)
    session.database.put(words[0], words[1])
    return before


@command("getdel", 1)
def getdel(session: Session, words: Arguments) -> Reply:
    """GETDEL key."""
    before = session.database.get(words[0], bytes)
    session.database.remove(words[0])
    return before


@command("getex", 1, 3)
def getex(session: Session, words: Arguments) -> Reply:
    """GETEX key [EX | PX | EXAT | PXAT time | PERSIST]."""
    value, options = session.database.get(words[0], bytes), Options(words, 1)
    if not options:
        return value
    name = options.word()
    if name not in (*ENDS, "PERSIST"):
        raise CommandError(SYNTAX)
    end = None if name == "PERSIST" else ending(name, options.value(), "getex")
    options.end()
    if value is not None:
        session.database.set_end(words[0], end)
    return value


@command("mget", 1, MANY)
def mget(session: Session, words: Arguments) -> Reply:
    """MGET key..."""
    found = [session.database.find(key) for key in words]
    return [value if isinstance(value, bytes) else None for value in found]


@command("mset", 2, MANY, adds=True)
def mset(session: Session, words: Arguments) -> Reply:
    """MSET key value..."""
    for key, value in _pairs(words, "mset"):
        session.database.put(key, value)
    return "OK"


@command("msetnx", 2, MANY, adds=True)
def msetnx(session: Session, words: Arguments) -> Reply:
    """MSETNX key value..."""
    pairs = _pairs(words, "msetnx")
    if any(session.database.find(key) is not None for key, _ in pairs):
        return 0
    for key, value in pairs:
        session.database.put(key, value)
    return 1


def _pairs(words: Arguments, name: str) -> list[tuple[bytes, bytes]]:
    if len(words) % 2:
        raise CommandError(f"ERR wrong number of arguments for '{name}' command")
    return list(zip(words[::2], words[1::2], strict=True))


@command("incr", 1, adds=True)
def incr(session: Session, words: Arguments) -> Reply:
    """INCR key."""
    return _added(session, words[0], 1)


@command("decr", 1, adds=True)
def decr(session: Session, words: Arguments) -> Reply:
    """DECR key."""
    return _added(session, words[0], -1)


@command("incrby", 2, adds=True)
def incrby(session: Session, words: Arguments) -> Reply:
    """INCRBY key amount."""
    return _added(session, words[0], integer(words[1]))


@command("decrby", 2, adds=True)
def decrby(session: Session, words: Arguments) -> Reply:
    """DECRBY key amount."""
    amount = in_range(-integer(words[1]), "ERR decrement would overflow")
    return _added(session, words[0], amount)


def _added(session: Session, key: bytes, amount: int) -> int:
    database = session.database
    value = in_range(integer(database.get(key, bytes) or b"0") + amount)
    database.put(key, b"%d" % value, database.end(key))
    return value


def plain(value: float) -> bytes:
    """A number without an exponent and without zeros at its end."""
    return format(Decimal(repr(value)).normalize(), "f").encode()


@command("incrbyfloat", 2, adds=True)
def incrbyfloat(session: Session, words: Arguments) -> Reply:
    """INCRBYFLOAT key amount."""
    database, key = session.database, words[0]
    before, amount = real(database.get(key, bytes) or b"0"), real(words[1])
    if not math.isfinite(before + amount):
        raise CommandError("ERR increment would produce NaN or Infinity")
    # Added as decimals, as the wider floats of the real server make it look.
    value = plain(float(Decimal(repr(before)) + Decimal(repr(amount))))
    database.put(key, value, database.end(key))
    return value


@command("append", 2, adds=True)
def append(session: Session, words: Arguments) -> Reply:
    """APPEND key value."""
    database, key = session.database, words[0]
    value = _bounded((database.get(key, bytes) or b""), len(words[1])) + words[1]
    database.put(key, value, database.end(key))
    return len(value)


@command("strlen", 1)
def strlen(session: Session, words: Arguments) -> Reply:
    """STRLEN key."""
    return len(session.database.get(words[0], bytes) or b"")


@command("getrange substr", 3)
def getrange(session: Session, words: Arguments) -> Reply:
    """GETRANGE key start end."""
    value = session.database.get(words[0], bytes) or b""
    return value[span(integer(words[1]), integer(words[2]), len(value))]


@command("setrange", 3, adds=True)
def setrange(session: Session, words: Arguments) -> Reply:
    """SETRANGE key offset value."""
    database, key = session.database, words[0]
    offset = integer(words[1])
    if offset < 0:
        raise CommandError("ERR offset is out of range")
    before = database.get(key, bytes) or b""
    if not words[2]:
        return len(before)
    _bounded(b"", offset + len(words[2]))
    value = before[:offset].ljust(offset, b"\0") + words[2] + before[offset + len(words[2]) :]
    database.put(key, value, database.end(key))
    return len(value)


@command("setbit", 3, adds=True)
def setbit(session: Session, words: Arguments) -> Reply:
    """SETBIT key offset value; bit 0 is the highest of the first byte."""
    database, key = session.database, words[0]
    offset = _bit(words[1])
    if words[2] not in (b"0", b"1"):
        raise CommandError("ERR bit is not an integer or out of range")
    value = bytearray((database.get(key, bytes) or b"").ljust(offset // 8 + 1, b"\0"))
    mask = 0x80 >> offset % 8
    before = 1 if value[offset // 8] & mask else 0
    value[offset // 8] = value[offset // 8] & ~mask | (mask if words[2] == b"1" else 0)
    database.put(key, bytes(value), database.end(key))
    return before


@command("getbit", 2)
def getbit(session: Session, words: Arguments) -> Reply:
    """GETBIT key offset."""
    value, offset = session.database.get(words[0], bytes) or b"", _bit(words[1])
    inside = offset // 8 < len(value)
    return 1 if inside and value[offset // 8] & 0x80 >> offset % 8 else 0


@command("bitcount", 1, 3)
def bitcount(session: Session, words: Arguments) -> Reply:
    """BITCOUNT key [start end], in bytes."""
    value = session.database.get(words[0], bytes) or b""
    if len(words) == 2:
        raise CommandError(SYNTAX)
    if len(words) == 3:
        value = value[span(integer(words[1]), integer(words[2]), len(value))]
    return int.from_bytes(value, "big").bit_count()


def _bit(text: bytes) -> int:
    problem = "ERR bit offset is not an integer or out of range"
    offset = integer(text, problem)
    if not 0 <= offset < 8 * LONGEST:
        raise CommandError(problem)
    return offset


def _bounded(value: bytes, more: int) -> bytes:
    if len(value) + more > LONGEST:
        raise CommandError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    return value

"""The commands of a stand-in for Redis on keys of any kind, and on whole databases."""

from __future__ import annotations

import copy as copies
import heapq
import zlib
from collections.abc import Callable

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    glob,
    in_range,
    integer,
    matching,
)
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import DATABASES, NAMES, now

NO_KEY = "ERR no such key"


def number(text: bytes) -> int:
    """The number of a database.

    Raises:
        CommandError: There is none with that number.
    """
    value = integer(text, "ERR value is not an integer or out of range")
    if not 0 <= value < DATABASES:
        raise CommandError("ERR DB index is out of range")
    return value


@command("del unlink", 1, MANY)
def delete(session: Session, words: Arguments) -> Reply:
    """DEL key..."""
    return sum(
        session.database.remove(key) for key in words if session.database.find(key) is not None
    )


@command("exists touch", 1, MANY)
def exists(session: Session, words: Arguments) -> Reply:
    """EXISTS key..."""
    return sum(session.database.find(key) is not None for key in words)


def _expire(name: str, factor: int, *, absolute: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """EXPIRE key time [NX | XX | GT | LT], and its sisters."""
        problem = f"ERR invalid expire time in '{name}' command"
        end = in_range(integer(words[1]) * factor, problem)
        end = end if absolute else in_range(end + now(), problem)
        allowed = _allowed(words)
        database, key = session.database, words[0]
        if database.find(key) is None or not allowed(database.end(key), end):
            return 0
        if end <= now():
            database.remove(key)
        else:
            database.set_end(key, end)
        return 1

    command(name, 2, MANY)(run)


def _allowed(words: Arguments) -> Callable[[int | None, int], bool]:
    options, given = Options(words, 2), set[str]()
    while options:
        name = options.accept("NX", "XX", "GT", "LT")
        if not name:
            shown = options.value().decode("utf-8", "replace")
            raise CommandError(f"ERR Unsupported option {shown}")
        given.add(name)
    if "NX" in given and len(given) > 1:
        raise CommandError("ERR NX and XX, GT or LT options at the same time are not compatible")
    if {"GT", "LT"} <= given:
        raise CommandError("ERR GT and LT options at the same time are not compatible")

    def decide(before: int | None, after: int) -> bool:
        never = before is None
        return not (
            ("NX" in given and not never)
            or ("XX" in given and never)
            or ("GT" in given and (before is None or after <= before))
            or ("LT" in given and before is not None and after >= before)
        )

    return decide


_expire("expire", 1000, absolute=False)
_expire("pexpire", 1, absolute=False)
_expire("expireat", 1000, absolute=True)
_expire("pexpireat", 1, absolute=True)


def _end(session: Session, key: bytes) -> int | None:
    """When a key ends in milliseconds since 1970; -1 for never, None where it is not there."""
    if session.database.find(key) is None:
        return None
    end = session.database.end(key)
    return -1 if end is None else end


@command("ttl", 1)
def ttl(session: Session, words: Arguments) -> Reply:
    """TTL key."""
    end = _end(session, words[0])
    return -2 if end is None else end if end < 0 else (end - now() + 500) // 1000


@command("pttl", 1)
def pttl(session: Session, words: Arguments) -> Reply:
    """PTTL key."""
    end = _end(session, words[0])
    return -2 if end is None else end if end < 0 else end - now()


@command("expiretime", 1)
def expiretime(session: Session, words: Arguments) -> Reply:
    """EXPIRETIME key."""
    end = _end(session, words[0])
    return -2 if end is None else end if end < 0 else (end + 500) // 1000


@command("pexpiretime", 1)
def pexpiretime(session: Session, words: Arguments) -> Reply:
    """PEXPIRETIME key."""
    end = _end(session, words[0])
    return -2 if end is None else end


@command("persist", 1)
def persist(session: Session, words: Arguments) -> Reply:
    """PERSIST key."""
    if (_end(session, words[0]) or -1) < 0:
        return 0
    session.database.set_end(words[0], None)
    return 1


@command("type", 1)
def type_(session: Session, words: Arguments) -> Reply:
    """TYPE key."""
    value = session.database.find(words[0])
    return "none" if value is None else NAMES[type(value)]


@command("keys", 1)
def keys(session: Session, words: Arguments) -> Reply:
    """KEYS pattern."""
    return matching(words[0], session.database)


@command("scan", 1, MANY)
def scan(session: Session, words: Arguments) -> Reply:
    """SCAN cursor [MATCH pattern] [COUNT count] [TYPE name].

    The cursor is the checksum of the next key, so keys that come and go in between move nothing.
    """
    cursor, options = integer(words[0], "ERR invalid cursor"), Options(words, 1)
    count, fits, kind = 10, None, None
    while options:
        match options.word():
            case "MATCH":
                fits = glob(options.value())
            case "COUNT":
                count = options.integer()
            case "TYPE":
                kind = options.word().lower()
            case _:
                raise CommandError(SYNTAX)
    if count < 1:
        raise CommandError(SYNTAX)
    coming = ((place, key) for key in session.database if (place := zlib.crc32(key)) >= cursor)
    found = heapq.nsmallest(min(count, 10_000) + 1, coming)
    last = found[-1][0] if len(found) > count else 0
    seen = [key for place, key in found if not last or place < last]
    if last and not seen:
        seen = [key for key in session.database if zlib.crc32(key) == last]
        last = min((p for key in session.database if (p := zlib.crc32(key)) > last), default=0)
    shown = [key for key in seen if fits is None or fits.fullmatch(key)]
    if kind is not None:
        shown = [key for key in shown if type_(session, [key]) == kind]
    return [b"%d" % last, shown]


@command("rename", 2)
def rename(session: Session, words: Arguments) -> Reply:
    """RENAME key name."""
    database, (key, name) = session.database, words
    value, end = database.find(key), database.end(key)
    if value is None:
        raise CommandError(NO_KEY)
    if key != name:
        database.put(name, value, end)
        database.remove(key)
    return "OK"


@command("renamenx", 2)
def renamenx(session: Session, words: Arguments) -> Reply:
    """RENAMENX key name."""
    if session.database.find(words[0]) is None:
        raise CommandError(NO_KEY)
    if session.database.find(words[1]) is not None:
        return 0
    rename(session, words)
    return 1


@command("copy", 2, 5, adds=True)
def copy(session: Session, words: Arguments) -> Reply:
    """COPY key name [DB number] [REPLACE]."""
    options, goal, replaces = Options(words, 2), session.database, False
    while options:
        match options.word():
            case "DB":
                goal = session.store.database(number(options.value()))
            case "REPLACE":
                replaces = True
            case _:
                raise CommandError(SYNTAX)
    key, name = words[:2]
    if goal is session.database and key == name:
        raise CommandError("ERR source and destination objects are the same")
    value = session.database.find(key)
    if value is None or (goal.find(name) is not None and not replaces):
        return 0
    goal.put(name, copies.deepcopy(value), session.database.end(key))
    return 1


@command("move", 2)
def move(session: Session, words: Arguments) -> Reply:
    """MOVE key number."""
    goal = session.store.database(number(words[1]))
    if goal is session.database:
        raise CommandError("ERR source and destination objects are the same")
    value, end = session.database.find(words[0]), session.database.end(words[0])
    if value is None or goal.find(words[0]) is not None:
        return 0
    goal.put(words[0], value, end)
    session.database.remove(words[0])
    return 1


@command("randomkey", 0)
def randomkey(session: Session, _: Arguments) -> Reply:
    """RANDOMKEY."""
    there = list(session.database)
    return session.store.chance.choice(there) if there else None


@command("dbsize", 0)
def dbsize(session: Session, _: Arguments) -> Reply:
    """DBSIZE."""
    return len(session.database)


@command("flushdb", 0, 1)
def flushdb(session: Session, _: Arguments) -> Reply:
    """FLUSHDB [ASYNC | SYNC]."""
    session.database.clear()
    return "OK"


@command("flushall", 0, 1)
def flushall(session: Session, _: Arguments) -> Reply:
    """FLUSHALL [ASYNC | SYNC]."""
    for database in list(session.store.databases.values()):
        database.clear()
    return "OK"


@command("object|encoding", 1)
def encoding(session: Session, words: Arguments) -> Reply:
    """OBJECT ENCODING key, of which there is one for every kind."""
    known = {"string": b"raw", "list": b"quicklist", "zset": b"skiplist", "stream": b"stream"}
    value = session.database.find(words[0])
    return None if value is None else known.get(NAMES[type(value)], b"hashtable")

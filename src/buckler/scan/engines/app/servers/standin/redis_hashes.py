"""The commands of a stand-in for Redis on hashes and sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    glob,
    in_range,
    integer,
    real,
)
from buckler.scan.engines.app.servers.standin.redis_replies import (
    CommandError,
    Members,
    Pairs,
    Reply,
)
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import Hash, Set
from buckler.scan.engines.app.servers.standin.redis_strings import plain


def filtered(words: Arguments) -> Callable[[bytes], bool]:
    """What HSCAN, SSCAN and ZSCAN show: all of it at once, as the protocol allows.

    Raises:
        CommandError: The cursor or an option is none.
    """
    integer(words[1], "ERR invalid cursor")
    options, fits = Options(words, 2), None
    while options:
        match options.word():
            case "MATCH":
                fits = glob(options.value())
            case "COUNT":
                if options.integer() < 1:
                    raise CommandError(SYNTAX)
            case _:
                raise CommandError(SYNTAX)
    return lambda name: fits is None or fits.fullmatch(name) is not None


def chosen(session: Session, names: Sequence[bytes], count: int) -> list[bytes]:
    """Some of the names: different ones for a count above 0, else any, even twice."""
    chance = session.store.chance
    if count >= 0:
        return chance.sample(list(names), min(count, len(names)))
    if not names:
        return []
    return chance.choices(list(names), k=min(-count, 1 << 16))


def _hash(session: Session, key: bytes) -> Hash:
    return session.database.get(key, Hash) or Hash()


@command("hset", 3, MANY, adds=True)
def hset(session: Session, words: Arguments) -> Reply:
    """HSET key field value..."""
    if len(words) % 2 == 0:
        raise CommandError("ERR wrong number of arguments for 'hset' command")
    found = session.database.make(words[0], Hash)
    before = len(found)
    found.update(zip(words[1::2], words[2::2], strict=True))
    return len(found) - before


@command("hmset", 3, MANY, adds=True)
def hmset(session: Session, words: Arguments) -> Reply:
    """HMSET key field value..."""
    hset(session, words)
    return "OK"


@command("hsetnx", 3, adds=True)
def hsetnx(session: Session, words: Arguments) -> Reply:
    """HSETNX key field value."""
    if words[1] in _hash(session, words[0]):
        return 0
    session.database.make(words[0], Hash)[words[1]] = words[2]
    return 1


@command("hget", 2)
def hget(session: Session, words: Arguments) -> Reply:
    """HGET key field."""
    return _hash(session, words[0]).get(words[1])


@command("hmget", 2, MANY)
def hmget(session: Session, words: Arguments) -> Reply:
    """HMGET key field..."""
    found = _hash(session, words[0])
    return [found.get(name) for name in words[1:]]


@command("hgetall", 1)
def hgetall(session: Session, words: Arguments) -> Reply:
    """HGETALL key."""
    return dict(_hash(session, words[0]))


@command("hkeys", 1)
def hkeys(session: Session, words: Arguments) -> Reply:
    """HKEYS key."""
    return list(_hash(session, words[0]))


@command("hvals", 1)
def hvals(session: Session, words: Arguments) -> Reply:
    """HVALS key."""
    return list(_hash(session, words[0]).values())


@command("hlen", 1)
def hlen(session: Session, words: Arguments) -> Reply:
    """HLEN key."""
    return len(_hash(session, words[0]))


@command("hexists", 2)
def hexists(session: Session, words: Arguments) -> Reply:
    """HEXISTS key field."""
    return int(words[1] in _hash(session, words[0]))


@command("hstrlen", 2)
def hstrlen(session: Session, words: Arguments) -> Reply:
    """HSTRLEN key field."""
    return len(_hash(session, words[0]).get(words[1], b""))


@command("hdel", 2, MANY)
def hdel(session: Session, words: Arguments) -> Reply:
    """HDEL key field..."""
    return _without(session, words, Hash)


@command("hincrby", 3, adds=True)
def hincrby(session: Session, words: Arguments) -> Reply:
    """HINCRBY key field amount."""
    amount = integer(words[2])
    before = _hash(session, words[0]).get(words[1], b"0")
    value = in_range(integer(before, "ERR hash value is not an integer") + amount)
    session.database.make(words[0], Hash)[words[1]] = b"%d" % value
    return value


@command("hincrbyfloat", 3, adds=True)
def hincrbyfloat(session: Session, words: Arguments) -> Reply:
    """HINCRBYFLOAT key field amount."""
    amount = real(words[2])
    before = _hash(session, words[0]).get(words[1], b"0")
    total = real(before, "ERR hash value is not a float") + amount
    if total - total != 0:
        raise CommandError("ERR increment would produce NaN or Infinity")
    value = plain(round(total, 15))
    session.database.make(words[0], Hash)[words[1]] = value
    return value


@command("hrandfield", 1, 3)
def hrandfield(session: Session, words: Arguments) -> Reply:
    """HRANDFIELD key [count [WITHVALUES]]."""
    found = _hash(session, words[0])
    if len(words) == 1:
        return next(iter(chosen(session, list(found), 1)), None)
    names = chosen(session, list(found), integer(words[1]))
    if len(words) == 2:
        return names
    if words[2].upper() != b"WITHVALUES":
        raise CommandError(SYNTAX)
    return Pairs([(name, found[name]) for name in names])


@command("hscan", 2, MANY)
def hscan(session: Session, words: Arguments) -> Reply:
    """HSCAN key cursor [MATCH pattern] [COUNT count]."""
    shown = filtered(words)
    found = _hash(session, words[0])
    return [b"0", [part for name in found if shown(name) for part in (name, found[name])]]


@command("sadd", 2, MANY, adds=True)
def sadd(session: Session, words: Arguments) -> Reply:
    """SADD key member..."""
    found = session.database.make(words[0], Set)
    before = len(found)
    found.update(dict.fromkeys(words[1:]))
    return len(found) - before


@command("srem", 2, MANY)
def srem(session: Session, words: Arguments) -> Reply:
    """SREM key member..."""
    return _without(session, words, Set)


def _without(session: Session, words: Arguments, kind: type[Hash] | type[Set]) -> int:
    database = session.database
    found: Hash | Set | None
    found = database.get(words[0], Hash) if kind is Hash else database.get(words[0], Set)
    gone = [name for name in dict.fromkeys(words[1:]) if found and name in found]
    if found is not None and gone:
        for name in gone:
            del found[name]
        database.touch(words[0])
        database.settle(words[0])
    return len(gone)


@command("smembers", 1)
def smembers(session: Session, words: Arguments) -> Reply:
    """SMEMBERS key."""
    return Members(list(session.database.get(words[0], Set) or ()))


@command("scard", 1)
def scard(session: Session, words: Arguments) -> Reply:
    """SCARD key."""
    return len(session.database.get(words[0], Set) or ())


@command("sismember", 2)
def sismember(session: Session, words: Arguments) -> Reply:
    """SISMEMBER key member."""
    return int(words[1] in (session.database.get(words[0], Set) or ()))


@command("smismember", 2, MANY)
def smismember(session: Session, words: Arguments) -> Reply:
    """SMISMEMBER key member..."""
    found = session.database.get(words[0], Set) or ()
    return [int(member in found) for member in words[1:]]


@command("spop", 1, 2)
def spop(session: Session, words: Arguments) -> Reply:
    """SPOP key [count]."""
    found = session.database.get(words[0], Set) or Set()
    count = integer(words[1]) if len(words) == 2 else 1
    if count < 0:
        raise CommandError("ERR value is out of range, must be positive")
    gone = chosen(session, list(found), count)
    _without(session, [words[0], *gone], Set)
    return Members(gone) if len(words) == 2 else next(iter(gone), None)


@command("srandmember", 1, 2)
def srandmember(session: Session, words: Arguments) -> Reply:
    """SRANDMEMBER key [count]."""
    found = list(session.database.get(words[0], Set) or ())
    if len(words) == 2:
        return chosen(session, found, integer(words[1]))
    return next(iter(chosen(session, found, 1)), None)


@command("smove", 3)
def smove(session: Session, words: Arguments) -> Reply:
    """SMOVE key goal member."""
    session.database.get(words[1], Set)
    if not _without(session, [words[0], words[2]], Set):
        return 0
    sadd(session, [words[1], words[2]])
    return 1


def _together(session: Session, keys: Arguments, how: str) -> Set:
    sets = [session.database.get(key, Set) or Set() for key in keys]
    first, others = sets[0], sets[1:]
    if how == "union":
        return Set(dict.fromkeys(member for one in sets for member in one))
    wanted = how == "inter"
    parts = (m for m in first if all((m in other) == wanted for other in others))
    return Set(dict.fromkeys(parts))


def _combining(how: str) -> None:
    def shown(session: Session, words: Arguments) -> Reply:
        """SUNION, SINTER or SDIFF key..."""
        return Members(list(_together(session, words, how)))

    def stored(session: Session, words: Arguments) -> Reply:
        """SUNIONSTORE, SINTERSTORE or SDIFFSTORE goal key..."""
        result = _together(session, words[1:], how)
        session.database.remove(words[0])
        session.database.replace(words[0], result)
        return len(result)

    command(f"s{how}", 1, MANY)(shown)
    command(f"s{how}store", 2, MANY, adds=True)(stored)


for _how in ("union", "inter", "diff"):
    _combining(_how)


@command("sscan", 2, MANY)
def sscan(session: Session, words: Arguments) -> Reply:
    """SSCAN key cursor [MATCH pattern] [COUNT count]."""
    shown = filtered(words)
    return [b"0", [name for name in session.database.get(words[0], Set) or () if shown(name)]]

"""The commands of a stand-in for Redis on lists, those that wait for an element too."""

from __future__ import annotations

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    integer,
    seconds,
    span,
)
from buckler.scan.engines.app.servers.standin.redis_keys import NO_KEY
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, NoArray, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    Waiting,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import List

SIDES = ("LEFT", "RIGHT")
NOT_POSITIVE = "ERR value is out of range, must be positive"


def _pushing(name: str, *, left: bool, only_there: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """LPUSH or RPUSH key element..., with X at the end only where the list is there."""
        if only_there and session.database.get(words[0], List) is None:
            return 0
        found = session.database.make(words[0], List)
        if left:
            found[:0] = words[:0:-1]
        else:
            found += words[1:]
        return len(found)

    command(name, 2, MANY, adds=True)(run)


_pushing("lpush", left=True, only_there=False)
_pushing("rpush", left=False, only_there=False)
_pushing("lpushx", left=True, only_there=True)
_pushing("rpushx", left=False, only_there=True)


def taken(session: Session, key: bytes, count: int, *, left: bool) -> list[bytes]:
    """Remove some elements at one end, the outermost first."""
    found = session.database.get(key, List)
    if found is None:
        return []
    if left:
        gone = found[:count]
        del found[:count]
    else:
        gone = found[: -count - 1 : -1] if count else []
        del found[len(found) - len(gone) :]
    session.database.touch(key)
    session.database.settle(key)
    return gone


def _popping(name: str, *, left: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """LPOP or RPOP key [count]."""
        if len(words) == 1:
            return next(iter(taken(session, words[0], 1, left=left)), None)
        count = integer(words[1], NOT_POSITIVE)
        if count < 0:
            raise CommandError(NOT_POSITIVE)
        if session.database.get(words[0], List) is None:
            return NoArray()
        return taken(session, words[0], count, left=left)

    def waiting(session: Session, words: Arguments) -> Reply:
        """BLPOP or BRPOP key... timeout."""

        def again() -> Reply:
            for key in words[:-1]:
                gone = taken(session, key, 1, left=left)
                if gone:
                    return [key, gone[0]]
            return None

        return Waiting(seconds(words[-1]), again, NoArray())

    command(name, 1, 2)(run)
    command(f"b{name}", 2, MANY)(waiting)


_popping("lpop", left=True)
_popping("rpop", left=False)


def _moved(session: Session, words: Arguments, start: str, goal: str) -> bytes | None:
    session.database.get(words[1], List)
    gone = taken(session, words[0], 1, left=start == "LEFT")
    if not gone:
        return None
    found = session.database.make(words[1], List)
    found.insert(0 if goal == "LEFT" else len(found), gone[0])
    return gone[0]


def _ends(words: Arguments) -> tuple[str, str]:
    options = Options(words)
    start, goal = options.accept(*SIDES), options.accept(*SIDES)
    if not (start and goal):
        raise CommandError(SYNTAX)
    return start, goal


@command("rpoplpush", 2)
def rpoplpush(session: Session, words: Arguments) -> Reply:
    """RPOPLPUSH key goal."""
    return _moved(session, words, "RIGHT", "LEFT")


@command("brpoplpush", 3)
def brpoplpush(session: Session, words: Arguments) -> Reply:
    """BRPOPLPUSH key goal timeout."""
    return Waiting(seconds(words[2]), lambda: _moved(session, words, "RIGHT", "LEFT"), None)


@command("lmove", 4)
def lmove(session: Session, words: Arguments) -> Reply:
    """LMOVE key goal LEFT | RIGHT LEFT | RIGHT."""
    return _moved(session, words, *_ends(words[2:]))


@command("blmove", 5)
def blmove(session: Session, words: Arguments) -> Reply:
    """BLMOVE key goal LEFT | RIGHT LEFT | RIGHT timeout."""
    start, goal = _ends(words[2:4])
    return Waiting(seconds(words[4]), lambda: _moved(session, words, start, goal), None)


@command("llen", 1)
def llen(session: Session, words: Arguments) -> Reply:
    """LLEN key."""
    return len(session.database.get(words[0], List) or ())


@command("lrange", 3)
def lrange(session: Session, words: Arguments) -> Reply:
    """LRANGE key start stop."""
    found = session.database.get(words[0], List) or List()
    return list(found[span(integer(words[1]), integer(words[2]), len(found))])


@command("ltrim", 3)
def ltrim(session: Session, words: Arguments) -> Reply:
    """LTRIM key start stop."""
    part = (integer(words[1]), integer(words[2]))
    found = session.database.get(words[0], List)
    if found is not None:
        found[:] = found[span(*part, len(found))]
        session.database.touch(words[0])
        session.database.settle(words[0])
    return "OK"


@command("lindex", 2)
def lindex(session: Session, words: Arguments) -> Reply:
    """LINDEX key index."""
    found, at = session.database.get(words[0], List) or List(), integer(words[1])
    return found[at] if -len(found) <= at < len(found) else None


@command("lset", 3, adds=True)
def lset(session: Session, words: Arguments) -> Reply:
    """LSET key index element."""
    found = session.database.get(words[0], List)
    if found is None:
        raise CommandError(NO_KEY)
    at = integer(words[1])
    if not -len(found) <= at < len(found):
        raise CommandError("ERR index out of range")
    found[at] = words[2]
    session.database.touch(words[0])
    return "OK"


@command("linsert", 4, adds=True)
def linsert(session: Session, words: Arguments) -> Reply:
    """LINSERT key BEFORE | AFTER pivot element."""
    where = Options(words, 1).accept("BEFORE", "AFTER")
    if not where:
        raise CommandError(SYNTAX)
    found = session.database.get(words[0], List)
    if found is None:
        return 0
    if words[2] not in found:
        return -1
    found.insert(found.index(words[2]) + (where == "AFTER"), words[3])
    session.database.touch(words[0])
    return len(found)


@command("lrem", 3)
def lrem(session: Session, words: Arguments) -> Reply:
    """LREM key count element; from the right for a count below 0, all of them for 0."""
    count = integer(words[1])
    found = session.database.get(words[0], List)
    if found is None:
        return 0
    places = [at for at, element in enumerate(found) if element == words[2]]
    gone = set(places if not count else places[:count] if count > 0 else places[count:])
    found[:] = [element for at, element in enumerate(found) if at not in gone]
    session.database.touch(words[0])
    session.database.settle(words[0])
    return len(gone)


@command("lpos", 2, MANY)
def lpos(session: Session, words: Arguments) -> Reply:
    """LPOS key element [RANK rank] [COUNT count] [MAXLEN length]."""
    options, rank, count, longest = Options(words, 2), 1, None, 0
    while options:
        match options.word():
            case "RANK":
                rank = options.integer()
            case "COUNT":
                count = options.integer()
            case "MAXLEN":
                longest = options.integer()
            case _:
                raise CommandError(SYNTAX)
    if not rank:
        raise CommandError("ERR RANK can't be zero")
    if (count or 0) < 0 or longest < 0:
        raise CommandError("ERR COUNT can't be negative")
    found = session.database.get(words[0], List) or List()
    order = list(enumerate(found))[:: 1 if rank > 0 else -1][: longest or len(found)]
    places = [at for at, element in order if element == words[1]][abs(rank) - 1 :]
    if count is None:
        return places[0] if places else None
    return places[: count or len(places)]

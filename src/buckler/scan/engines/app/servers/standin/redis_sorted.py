"""The commands of a stand-in for Redis on sorted sets."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    integer,
    real,
    score_range,
    seconds,
    span,
)
from buckler.scan.engines.app.servers.standin.redis_hashes import filtered
from buckler.scan.engines.app.servers.standin.redis_replies import (
    CommandError,
    NoArray,
    Pairs,
    Reply,
    double,
)
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    Waiting,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import SortedSet

NOT_STRING_RANGE = "ERR min or max not valid string range item"


@dataclass(frozen=True, slots=True)
class Adding:
    """The options of ZADD."""

    given: frozenset[str]

    def decide(self, before: float | None, after: float) -> bool:
        """Whether the new score counts."""
        if before is None:
            return "XX" not in self.given
        lower = "GT" in self.given and after <= before
        higher = "LT" in self.given and after >= before
        return not ("NX" in self.given or lower or higher)


def sorted_set(session: Session, key: bytes) -> SortedSet:
    """What a key holds, or an empty one."""
    return session.database.get(key, SortedSet) or SortedSet()


@command("zadd", 3, MANY, adds=True)
def zadd(session: Session, words: Arguments) -> Reply:
    """ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member..."""
    options, given, first = Options(words, 1), set[str](), 1
    while name := options.accept("NX", "XX", "GT", "LT", "CH", "INCR"):
        given.add(name)
        first += 1
    rest = words[first:]
    _check_adding(given, rest)
    adding = Adding(frozenset(given))
    pairs = [(real(score), member) for score, member in zip(rest[::2], rest[1::2], strict=True)]
    before = sorted_set(session, words[0])
    if "XX" in given and not len(before):
        return None if "INCR" in given else 0
    found = session.database.make(words[0], SortedSet)
    added = changed = 0
    result: float | None = None
    for amount, member in pairs:
        old = found.scores.get(member)
        score = (old or 0.0) + amount if "INCR" in given else amount
        if math.isnan(score):
            raise CommandError("ERR resulting score is not a number (NaN)")
        if adding.decide(old, score):
            found.put(member, score)
            added += old is None
            changed += old is not None and old != score
            result = score
    session.database.settle(words[0])
    return result if "INCR" in given else added + (changed if "CH" in given else 0)


def _check_adding(given: set[str], rest: Arguments) -> None:
    if not rest or len(rest) % 2:
        raise CommandError(SYNTAX)
    if {"NX", "XX"} <= given:
        raise CommandError("ERR XX and NX options at the same time are not compatible")
    if len({"GT", "LT", "NX"} & given) > 1:
        raise CommandError("ERR GT, LT, and/or NX options at the same time are not compatible")
    if "INCR" in given and len(rest) > 2:
        raise CommandError("ERR INCR option supports a single increment-element pair")


@command("zincrby", 3, adds=True)
def zincrby(session: Session, words: Arguments) -> Reply:
    """ZINCRBY key amount member."""
    return zadd(session, [words[0], b"INCR", words[1], words[2]])


@command("zrem", 2, MANY)
def zrem(session: Session, words: Arguments) -> Reply:
    """ZREM key member..."""
    return _dropped(session, words[0], words[1:])


def _dropped(session: Session, key: bytes, members: Arguments) -> int:
    found = session.database.get(key, SortedSet)
    if found is None:
        return 0
    gone = sum(found.drop(member) for member in members)
    if gone:
        session.database.touch(key)
        session.database.settle(key)
    return gone


@command("zscore", 2)
def zscore(session: Session, words: Arguments) -> Reply:
    """ZSCORE key member."""
    return sorted_set(session, words[0]).scores.get(words[1])


@command("zmscore", 2, MANY)
def zmscore(session: Session, words: Arguments) -> Reply:
    """ZMSCORE key member..."""
    scores = sorted_set(session, words[0]).scores
    return [scores.get(member) for member in words[1:]]


@command("zcard", 1)
def zcard(session: Session, words: Arguments) -> Reply:
    """ZCARD key."""
    return len(sorted_set(session, words[0]))


def _ranking(name: str, *, reverse: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """ZRANK or ZREVRANK key member."""
        found = sorted_set(session, words[0])
        score = found.scores.get(words[1])
        if score is None:
            return None
        place = bisect.bisect_left(found.ordered, (score, words[1]))
        return len(found) - 1 - place if reverse else place

    command(name, 2)(run)


_ranking("zrank", reverse=False)
_ranking("zrevrank", reverse=True)

Row = tuple[float, bytes]
Picker = Callable[[SortedSet, bytes, bytes], list[Row]]


def by_rank(found: SortedSet, start: bytes, stop: bytes) -> list[Row]:
    """The members of a range of places."""
    return found.ordered[span(integer(start), integer(stop), len(found))]


def by_score(found: SortedSet, low: bytes, high: bytes) -> list[Row]:
    """The members of a range of scores."""
    (least, above), (most, below) = score_range(low, high)
    find = (bisect.bisect_left, bisect.bisect_right)
    start = find[above](found.ordered, least, key=lambda row: row[0])
    stop = find[not below](found.ordered, most, key=lambda row: row[0])
    return found.ordered[start:stop]


def by_name(found: SortedSet, low: bytes, high: bytes) -> list[Row]:
    """The members of a range of names: ``[a``, ``(a``, ``-`` and ``+``."""
    for end in (low, high):
        if end not in (b"-", b"+") and end[:1] not in (b"[", b"("):
            raise CommandError(NOT_STRING_RANGE)

    def above(name: bytes) -> bool:
        return low == b"-" or (name > low[1:] or (low[:1] == b"[" and name == low[1:]))

    def below(name: bytes) -> bool:
        return high == b"+" or (name < high[1:] or (high[:1] == b"[" and name == high[1:]))

    if low == b"+" or high == b"-":
        return []
    return [row for row in found.ordered if above(row[1]) and below(row[1])]


@command("zrange", 3, MANY)
def zrange(session: Session, words: Arguments) -> Reply:
    """ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]."""
    rows, scores = _ranged(session, words)
    return _shown(rows, scores)


@command("zrangestore", 4, MANY, adds=True)
def zrangestore(session: Session, words: Arguments) -> Reply:
    """ZRANGESTORE goal key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]."""
    rows, scores = _ranged(session, words[1:])
    if scores:
        raise CommandError(SYNTAX)
    return stored(session, words[0], {member: score for score, member in rows})


def _ranged(session: Session, words: Arguments) -> tuple[list[Row], bool]:
    options, reverse, scores = Options(words, 3), False, False
    pick: Picker = by_rank
    limit: tuple[int, int] | None = None
    while options:
        match options.word():
            case "BYSCORE":
                pick = by_score
            case "BYLEX":
                pick = by_name
            case "REV":
                reverse = True
            case "LIMIT":
                limit = (options.integer(), options.integer())
            case "WITHSCORES":
                scores = True
            case _:
                raise CommandError(SYNTAX)
    if limit and pick is by_rank:
        raise CommandError(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
        )
    if scores and pick is by_name:
        raise CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
    return _picked(sorted_set(session, words[0]), pick, words[1:3], reverse, limit), scores


def _picked(
    found: SortedSet,
    pick: Picker,
    ends: Arguments,
    reverse: bool,
    limit: tuple[int, int] | None,
) -> list[Row]:
    if reverse and pick is by_rank:
        rows = found.ordered[::-1][span(integer(ends[0]), integer(ends[1]), len(found))]
    elif reverse:
        rows = pick(found, ends[1], ends[0])[::-1]
    else:
        rows = pick(found, ends[0], ends[1])
    if limit is None:
        return rows
    offset, count = limit
    if offset < 0:
        return []
    return rows[offset:] if count < 0 else rows[offset : offset + count]


def _shown(rows: list[Row], scores: bool) -> Reply:
    if scores:
        return Pairs([(member, score) for score, member in rows])
    return [member for _, member in rows]


def _older(name: str, pick: Picker, *, reverse: bool, allowed: tuple[str, ...]) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """The names that ranges had before ZRANGE took options."""
        options, limit, scores = Options(words, 3), None, False
        while options:
            option = options.word()
            if option not in allowed:
                raise CommandError(SYNTAX)
            if option == "LIMIT":
                limit = (options.integer(), options.integer())
            else:
                scores = True
        return _shown(
            _picked(sorted_set(session, words[0]), pick, words[1:3], reverse, limit), scores
        )

    command(name, 3, MANY)(run)


_older("zrevrange", by_rank, reverse=True, allowed=("WITHSCORES",))
_older("zrangebyscore", by_score, reverse=False, allowed=("WITHSCORES", "LIMIT"))
_older("zrevrangebyscore", by_score, reverse=True, allowed=("WITHSCORES", "LIMIT"))
_older("zrangebylex", by_name, reverse=False, allowed=("LIMIT",))
_older("zrevrangebylex", by_name, reverse=True, allowed=("LIMIT",))


def _counting(count: str, remove: str, pick: Picker) -> None:
    def counted(session: Session, words: Arguments) -> Reply:
        """ZCOUNT or ZLEXCOUNT key low high."""
        return len(pick(sorted_set(session, words[0]), words[1], words[2]))

    def removed(session: Session, words: Arguments) -> Reply:
        """ZREMRANGEBYSCORE, ZREMRANGEBYLEX or ZREMRANGEBYRANK key low high."""
        rows = pick(sorted_set(session, words[0]), words[1], words[2])
        return _dropped(session, words[0], [member for _, member in rows])

    if count:
        command(count, 3)(counted)
    command(remove, 3)(removed)


_counting("zcount", "zremrangebyscore", by_score)
_counting("zlexcount", "zremrangebylex", by_name)
_counting("", "zremrangebyrank", by_rank)


def _popping(name: str, *, highest: bool) -> None:
    def pop(session: Session, key: bytes, count: int) -> list[Row]:
        found = sorted_set(session, key)
        rows = found.ordered[::-1][:count] if highest else found.ordered[:count]
        _dropped(session, key, [member for _, member in rows])
        return rows

    def run(session: Session, words: Arguments) -> Reply:
        """ZPOPMIN or ZPOPMAX key [count]."""
        count = integer(words[1]) if len(words) == 2 else 1
        if count < 0:
            raise CommandError("ERR value is out of range, must be positive")
        rows = pop(session, words[0], count)
        if len(words) == 2:
            return _shown(rows, scores=True)
        return [part for score, member in rows for part in (member, score)]

    def waiting(session: Session, words: Arguments) -> Reply:
        """BZPOPMIN or BZPOPMAX key... timeout."""

        def again() -> Reply:
            for key in words[:-1]:
                for score, member in pop(session, key, 1):
                    return [key, member, score]
            return None

        return Waiting(seconds(words[-1]), again, NoArray())

    command(name, 1, 2)(run)
    command(f"b{name}", 2, MANY)(waiting)


_popping("zpopmin", highest=False)
_popping("zpopmax", highest=True)


@command("zscan", 2, MANY)
def zscan(session: Session, words: Arguments) -> Reply:
    """ZSCAN key cursor [MATCH pattern] [COUNT count]."""
    shown = filtered(words)
    rows = sorted_set(session, words[0]).ordered
    return [b"0", [part for score, name in rows if shown(name) for part in (name, double(score))]]


def stored(session: Session, key: bytes, scores: dict[bytes, float]) -> int:
    """Put a new sorted set in place of whatever was there; how many members it has."""
    result = SortedSet()
    for member, score in scores.items():
        result.put(member, score)
    session.database.remove(key)
    session.database.replace(key, result)
    return len(result)

"""The commands of a stand-in for Redis that make one sorted set of several."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    SYNTAX,
    Options,
    integer,
    real,
)
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_sorted import sorted_set, stored
from buckler.scan.engines.app.servers.standin.redis_store import Set

FOLDS: Mapping[str, Callable[[float, float], float]] = {"SUM": operator.add, "MIN": min, "MAX": max}


def _weighed(session: Session, key: bytes, weight: float) -> dict[bytes, float]:
    value = session.database.find(key)
    if isinstance(value, Set):
        return dict.fromkeys(value, weight)
    return {member: score * weight for member, score in sorted_set(session, key).scores.items()}


def _combining(name: str, *, everywhere: bool) -> None:
    def run(session: Session, words: Arguments) -> Reply:
        """ZUNIONSTORE or ZINTERSTORE goal count key... [WEIGHTS weight...] [AGGREGATE how]."""
        count = integer(words[1])
        if count < 1:
            raise CommandError(f"ERR at least 1 input key is needed for '{name}' command")
        keys, options = words[2 : 2 + count], Options(words, 2 + count)
        if len(keys) < count:
            raise CommandError(SYNTAX)
        weights, fold = [1.0] * count, "SUM"
        while options:
            match options.word():
                case "WEIGHTS":
                    problem = "ERR weight value is not a float"
                    weights = [real(options.value(), problem) for _ in keys]
                case "AGGREGATE":
                    fold = options.accept("SUM", "MIN", "MAX")
                case _:
                    raise CommandError(SYNTAX)
        if fold not in FOLDS:
            raise CommandError(SYNTAX)
        together = FOLDS[fold]
        parts = [_weighed(session, key, by) for key, by in zip(keys, weights, strict=True)]
        result: dict[bytes, float] = {}
        for part in parts:
            for member, score in part.items():
                known = member in result
                result[member] = together(result[member], score) if known else score
        if everywhere:
            result = {m: score for m, score in result.items() if all(m in part for part in parts)}
        return stored(session, words[0], result)

    command(name, 3, MANY, adds=True)(run)


_combining("zunionstore", everywhere=False)
_combining("zinterstore", everywhere=True)

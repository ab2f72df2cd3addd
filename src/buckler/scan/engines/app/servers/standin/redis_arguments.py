"""Reads the arguments of Redis commands: numbers, ranges, options and patterns."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from buckler.scan.engines.app.servers.standin.redis_replies import CommandError
from buckler.scan.engines.app.servers.standin.redis_session import Arguments

NOT_INTEGER = "ERR value is not an integer or out of range"
NOT_FLOAT = "ERR value is not a valid float"
SYNTAX = "ERR syntax error"
_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_FLOAT = re.compile(
    rb"[+-]?(?:inf|infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,4})?)", re.I
)
_LIMIT = 1 << 63
_PATTERN = 4096


def integer(text: bytes, problem: str = NOT_INTEGER) -> int:
    """A signed integer of 64 bits.

    Raises:
        CommandError: It is none.
    """
    if not _INTEGER.fullmatch(text):
        raise CommandError(problem)
    return in_range(int(text), problem)


def in_range(value: int, problem: str = "ERR increment or decrement would overflow") -> int:
    """The integer, if 64 bits hold it.

    Raises:
        CommandError: They do not.
    """
    if not -_LIMIT <= value < _LIMIT:
        raise CommandError(problem)
    return value


def real(text: bytes, problem: str = NOT_FLOAT) -> float:
    """A double, infinity too.

    Raises:
        CommandError: It is none.
    """
    if not _FLOAT.fullmatch(text):
        raise CommandError(problem)
    return float(text)


def seconds(text: bytes) -> float:
    """A time to wait; 0 for ever.

    Raises:
        CommandError: It is no number, or below 0.
    """
    value = real(text, "ERR timeout is not a float or out of range")
    if value < 0:
        raise CommandError("ERR timeout is negative")
    return 0.0 if math.isinf(value) else value


class Options:
    """The words behind the fixed arguments, taken one after the other.

    Args:
        words: As they came.
        first: Where the options start.
    """

    def __init__(self, words: Arguments, first: int = 0) -> None:
        self._words = words
        self._at = first

    def __bool__(self) -> bool:
        return self._at < len(self._words)

    def word(self) -> str:
        """The next one, in upper case."""
        return self.value().upper().decode("utf-8", "replace")

    def value(self) -> bytes:
        """The next one as it is.

        Raises:
            CommandError: There is none.
        """
        if self._at >= len(self._words):
            raise CommandError(SYNTAX)
        self._at += 1
        return self._words[self._at - 1]

    def integer(self) -> int:
        """The next one as an integer."""
        return integer(self.value())

    def accept(self, *names: str) -> str:
        """The next one if it is one of these names, else an empty text."""
        if self and self._words[self._at].upper().decode("utf-8", "replace") in names:
            return self.word()
        return ""

    def end(self) -> None:
        """Say that nothing may follow.

        Raises:
            CommandError: Something does.
        """
        if self:
            raise CommandError(SYNTAX)


def span(start: int, stop: int, length: int) -> slice:
    """The slice of a range of indexes, both ends included, negative ones from the end."""
    start = max(start + length, 0) if start < 0 else start
    stop = stop + length if stop < 0 else stop
    return slice(min(start, length), max(min(stop + 1, length), 0))


def score_range(low: bytes, high: bytes) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """The ends of a range of scores, each with whether it is left out.

    Raises:
        CommandError: One is no number.
    """
    problem = "ERR min or max is not a float"
    ends = [
        (real(end[1:], problem), True) if end[:1] == b"(" else (real(end, problem), False)
        for end in (low, high)
    ]
    return ends[0], ends[1]


def matching(pattern: bytes, names: Iterable[bytes]) -> list[bytes]:
    """The names that a pattern of KEYS fits."""
    fits = glob(pattern).fullmatch
    return [name for name in names if fits(name)]


@lru_cache(maxsize=512)
def glob(pattern: bytes) -> re.Pattern[bytes]:
    r"""A pattern of KEYS (``*``, ``?``, ``[a-z]``, ``[^a]``, ``\x``) as a regular expression.

    What stands between two stars is looked for once, so that no pattern takes exponential time.

    Raises:
        CommandError: It is longer than anyone writes.
    """
    if len(pattern) > _PATTERN:
        raise CommandError("ERR pattern is too long")
    parts = [b""]
    at = 0
    while at < len(pattern):
        one = pattern[at : at + 1]
        if one == b"*":
            parts.append(b"")
        elif one == b"?":
            parts[-1] += b"."
        elif one == b"[":
            found, at = _class(pattern, at)
            parts[-1] += found
        elif one == b"\\" and at + 1 < len(pattern):
            at += 1
            parts[-1] += re.escape(pattern[at : at + 1])
        else:
            parts[-1] += re.escape(one)
        at += 1
    if len(parts) == 1:
        return re.compile(parts[0], re.S)
    middle = b"".join(b"(?>.*?" + part + b")" for part in parts[1:-1] if part)
    return re.compile(parts[0] + middle + b".*" + parts[-1], re.S)


def _class(pattern: bytes, at: int) -> tuple[bytes, int]:
    """A class of characters, and where its last byte is."""
    at += 1
    negated = pattern[at : at + 1] == b"^"
    at += negated
    wanted: set[int] = set()
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            at += 1
            wanted.add(pattern[at])
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            wanted.update(range(low, high + 1))
            at += 2
        else:
            wanted.add(pattern[at])
        at += 1
    usable = [one for one in range(256) if (one in wanted) != negated]
    inside = b"".join(re.escape(bytes((one,))) for one in usable)
    return (b"[" + inside + b"]" if usable else b"(?!)"), at

"""What a stand-in for Redis answers, as bytes of RESP2 or RESP3.

The forms of the replies are those of the RESP specification (redis.io, "Redis serialization
protocol specification"). A command answers with a Python value: None is the null, an int an
integer, a str a simple string, bytes a bulk string, a float a double, a list an array, a dict a
map and a set of elements a :class:`Members`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Reply: TypeAlias = object
RESP2, RESP3 = 2, 3
_NO_BREAKS = {ord("\r"): " ", ord("\n"): " "}


class CommandError(Exception):
    """A command that fails; its text starts with the kind of error, such as ``ERR``."""


@dataclass(frozen=True, slots=True)
class Members:
    """The elements of a set: a set in RESP3, an array in RESP2."""

    items: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Members with what belongs to each: nested in RESP3, one after the other in RESP2."""

    items: Sequence[tuple[Reply, Reply]]


@dataclass(frozen=True, slots=True)
class Push:
    """What comes without having been asked for: a message of a channel."""

    items: Sequence[Reply]


@dataclass(frozen=True, slots=True)
class NoArray:
    """The null in place of an array, which RESP2 tells from the null of a string."""


def encode(value: Reply, protocol: int = RESP2) -> bytes:
    """The bytes of a reply.

    Args:
        value: As the module says.
        protocol: 2 or 3.

    Raises:
        TypeError: There is no form for such a value.
    """
    out = bytearray()
    _write(out, value, protocol)
    return bytes(out)


def double(value: float) -> bytes:
    """A double in the shortest text that reads back as the same, as Redis writes scores."""
    if math.isinf(value):
        return b"inf" if value > 0 else b"-inf"
    if value == int(value) and abs(value) < 1e17:
        return b"%d" % int(value)
    return repr(value).encode()


def _write(out: bytearray, value: Reply, protocol: int) -> None:
    match value:
        case None:
            out += b"_\r\n" if protocol == RESP3 else b"$-1\r\n"
        case NoArray():
            out += b"_\r\n" if protocol == RESP3 else b"*-1\r\n"
        case bytes():
            out += b"$%d\r\n%b\r\n" % (len(value), value)
        case int():
            out += b":%d\r\n" % value
        case str():
            out += b"+%b\r\n" % value.encode()
        case float():
            _write_double(out, value, protocol)
        case CommandError():
            # A line break would end the reply early and let a client's text begin another one.
            out += b"-%b\r\n" % str(value).translate(_NO_BREAKS).encode("utf-8", "replace")
        case list() | tuple():
            _write_many(out, b"*", value, protocol)
        case Members(items):
            _write_many(out, b"~" if protocol == RESP3 else b"*", items, protocol)
        case Push(items):
            _write_many(out, b">" if protocol == RESP3 else b"*", items, protocol)
        case Pairs(items):
            _write_pairs(out, items, protocol)
        case dict():
            _write_map(out, value, protocol)
        case _:
            raise TypeError(f"no reply for {type(value).__name__}")


def _write_double(out: bytearray, value: float, protocol: int) -> None:
    text = double(value)
    out += b",%b\r\n" % text if protocol == RESP3 else b"$%d\r\n%b\r\n" % (len(text), text)


def _write_many(out: bytearray, mark: bytes, items: Sequence[Reply], protocol: int) -> None:
    out += b"%b%d\r\n" % (mark, len(items))
    for item in items:
        _write(out, item, protocol)


def _write_pairs(out: bytearray, items: Sequence[tuple[Reply, Reply]], protocol: int) -> None:
    nested: Sequence[Reply] = items
    flat = [part for pair in items for part in pair]
    _write_many(out, b"*", nested if protocol == RESP3 else flat, protocol)


def _write_map(out: bytearray, items: Mapping[Reply, Reply], protocol: int) -> None:
    out += b"%%%d\r\n" % len(items) if protocol == RESP3 else b"*%d\r\n" % (2 * len(items))
    for key, value in items.items():
        _write(out, key, protocol)
        _write(out, value, protocol)

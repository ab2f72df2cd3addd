"""JSON as text: read so that nothing is lost, and cut so that nothing else changes.

Threat: a reader that keeps one of two members of the same name does not see the other (RFC 8259, 4), and
a writer that makes the text anew changes what it never meant to touch: ``1.0``, ``1e400``, escapes, the
order of members (RFC 8259, 6 to 8 leave all of these to the implementation).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{},:]|[^][{},:"\s]+', re.DOTALL)
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
Place = tuple[int, ...]
"""How to reach a value: at each level the how-manieth member or item, from 0."""
Span = tuple[int, int]
Cut = tuple[Span, str]
"""What to take out, and what comes instead."""
TOGETHER: Final = 4_096
"""Tokens that are read without an interruption."""


Number = bytes
"""A number as it was written; of any length, and no float. No other value of JSON is one, and none is made faster."""


def encoding(content: bytes) -> str:
    """What a JSON text is written in, as :func:`json.loads` reads it; its mark stays part of the text."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    return json.detect_encoding(content).replace("-sig", "")


def decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding.

    Raises:
        ValueError: It is no text.
    """
    name = encoding(content)
    return content.decode(name, "surrogatepass"), name


def parsed(text: str) -> Any:
    """The value: objects are tuples of names and values, arrays are lists, numbers are :class:`Number`.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply to be read.
    """
    return json.loads(
        text.removeprefix("\ufeff"),
        object_pairs_hook=tuple,
        parse_int=str.encode,
        parse_float=str.encode,
        parse_constant=str.encode,
    )


def cut(text: str, places: Iterable[Place]) -> Iterator[list[Cut] | None]:
    """What to take out of a JSON text so that the values are gone: spans in order, and what comes instead.

    The list comes last, and None before it wherever the look may be interrupted.

    A member goes with its name and one comma; an item of an array, or the whole value, becomes ``null``.
    Spans do not overlap.

    Args:
        text: JSON, as :func:`parsed` read it.
        places: Of the values.
    """
    wanted: dict[int, Any] = {}
    for count, place in enumerate(places, 1):
        if count % TOGETHER == 0:
            yield None
        level = wanted
        for number in place:
            level = level.setdefault(number, {})
        level[-1] = True
    if not wanted:
        yield []
        return
    start = 1 if text.startswith("\ufeff") else 0
    tokens = ((m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text, start))
    found: list[Cut] = []
    for span in _Reader(tokens).spans(wanted):
        if span is None:
            yield None
        else:
            found.append(span)
    found.sort()
    yield None
    yield _merged(found)


def applied(text: str, spans: Iterable[tuple[Span, str]]) -> str:
    """The text without the spans."""
    parts, at = [], 0
    for (start, end), instead in spans:
        parts += [text[at:start], instead]
        at = end
    return "".join([*parts, text[at:]])


def _merged(spans: Iterable[tuple[Span, str]]) -> list[tuple[Span, str]]:
    found: list[tuple[Span, str]] = []
    for (start, end), instead in spans:
        if found and start < found[-1][0][1]:
            (before, last), first = found[-1]
            found[-1] = ((before, max(last, end)), first)
        else:
            found.append(((start, end), instead))
    return found


@dataclass(slots=True)
class _Level:
    """An object or an array that is being read.

    Attributes:
        wanted: What to find in it: by number; None where nothing.
        is_object: Whether it has names.
        opened: Where it begins.
        number: Of the member or item at hand.
        name: Where the member's name begins; -1 before it.
        kept: End of the last member that stays; -1 before it.
        gone: Begin of the first of the members that go, one after the other, up to here; -1 where none.
    """

    wanted: dict[int, Any] | None
    is_object: bool
    opened: int
    number: int = 0
    name: int = -1
    kept: int = -1
    gone: int = -1

    def target(self) -> dict[int, Any] | None:
        """What to find in the member or item at hand."""
        return None if self.wanted is None else self.wanted.get(self.number)

    def ended(self, start: int, end: int) -> Iterator[tuple[Span, str]]:
        """A value of it was read."""
        target = self.target()
        whole = target is not None and -1 in target
        if not self.is_object:
            if whole:
                yield (start, end), "null"
            return
        if not whole:
            if self.gone >= 0:
                # Up to this name: the comma between goes, too.
                yield (self.gone, self.name), ""
            self.kept, self.gone = end, -1
        elif self.gone < 0:
            self.gone = self.name

    def closed(self, last: int) -> Iterator[tuple[Span, str]]:
        """It ends; members at its end go with the comma before them."""
        if self.gone >= 0:
            yield (self.kept if self.kept >= 0 else self.gone, last), ""


class _Reader:
    """Walks over tokens without recursion."""

    def __init__(self, tokens: Iterator[tuple[int, int, str]]) -> None:
        self._tokens = tokens

    def spans(self, wanted: dict[int, Any]) -> Iterator[Cut | None]:
        """What to take out; some lies within other."""
        root = _Level({0: wanted}, is_object=False, opened=0)
        stack, last = [root], 0
        for count, (start, end, text) in enumerate(self._tokens, 1):
            if count % TOGETHER == 0:
                yield None
            level = stack[-1]
            if text in "{[":
                stack.append(_Level(level.target(), is_object=text == "{", opened=start))
                continue
            if text in "}]":
                yield from stack.pop().closed(last)
                yield from stack[-1].ended(level.opened, end)
            elif text == ",":
                level.number, level.name = level.number + 1, -1
                continue
            elif text == ":":
                continue
            elif level.is_object and level.name < 0:
                level.name = start
                continue
            else:
                yield from level.ended(start, end)
            last = end

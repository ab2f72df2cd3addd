"""Offsets of a text as the line and column that trees have: columns count bytes of UTF-8."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

_BLOCK = 256


class Positions:
    """Turns offsets of one text into positions.

    Args:
        text: Its lines end with a line feed.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._plain = text.isascii()
        lengths = [len(line) + 1 for line in text.split("\n")]
        self._starts = [0, *accumulate(lengths)]
        self._bytes = [] if self._plain else [0, *accumulate(_lengths(text))]

    def of(self, offset: int) -> tuple[int, int]:
        """The 1-based line and the column in bytes."""
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        return line, offset - start if self._plain else self._before(offset) - self._before(start)

    def _before(self, offset: int) -> int:
        """Bytes before an offset; only a block is encoded, or a long line would cost its square."""
        block = offset // _BLOCK
        return self._bytes[block] + _size(self._text[block * _BLOCK : offset])

    def place(self, node: ast.expr, start: int, end: int) -> None:
        """Give a node its position."""
        node.lineno, node.col_offset = self.of(start)
        node.end_lineno, node.end_col_offset = self.of(end)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _lengths(text: str) -> Iterator[int]:
    return (_size(text[at : at + _BLOCK]) for at in range(0, len(text), _BLOCK))

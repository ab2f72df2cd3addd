"""The shapes of string literals as they stand in the text: offsets, and what is nested where.

An f-string of Python 3.12 and later holds any expression, with the same quotes, backslashes,
comments and further f-strings in it (PEP 701); a t-string (PEP 750) has the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters of an f-string that stand for themselves, by their offsets in the text.

    A doubled brace is one of its own.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """A replacement field.

    Attributes:
        start: Offset of its opening brace.
        end: Offset behind its closing brace.
        first: Offset of the expression.
        last: Offset behind the expression.
        groups: The string literals within the expression.
        shown: Offset behind the ``=`` and the blanks after it; None where there is no ``=``.
        conversion: Character code of ``s``, ``r`` or ``a``; -1 for none.
        colon: Offset of the colon before the format; None where there is none.
        spec: The format.
    """

    start: int
    end: int
    first: int
    last: int
    groups: tuple[Group, ...]
    shown: int | None
    conversion: int
    colon: int | None
    spec: tuple[Literal | Field, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One literal between quotes.

    Attributes:
        start: Offset of its prefix.
        end: Offset behind its closing quotes.
        prefix: In lower case: ``rf``.
        parts: What an f-string or t-string consists of; None of any other.
    """

    start: int
    end: int
    prefix: str
    parts: tuple[Literal | Field, ...] | None = None

    @property
    def raw(self) -> bool:
        """Whether backslashes stand for themselves."""
        return "r" in self.prefix

    def newer_than(self, version: tuple[int, int]) -> bool:
        """Whether a Python of that version may not know its shape."""
        if self.parts is None:
            return False
        if version < (3, 12) or ("t" in self.prefix and version < (3, 14)):
            return True
        return any(_newer(part, version) for part in self.parts)


def _newer(part: Literal | Field, version: tuple[int, int]) -> bool:
    if isinstance(part, Literal):
        return False
    return any(group.newer_than(version) for group in part.groups) or any(
        _newer(inner, version) for inner in part.spec
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Literals that stand side by side and are one value."""

    pieces: tuple[Piece, ...]

    @property
    def start(self) -> int:
        """Offset of the first one."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Offset behind the last one."""
        return self.pieces[-1].end

    def newer_than(self, version: tuple[int, int]) -> bool:
        """Whether a Python of that version may not know the shape of one of them."""
        return any(piece.newer_than(version) for piece in self.pieces)

"""Where texts come from: what there is to look at in one part of a request, and how each place is called.

Threat: a log line that the caller writes (CWE-117): a place is named by words of the caller's only where
they are a plain name, else by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

PIECE: Final = 8_192
"""Characters that are judged at once; a longer text is cut, its pieces overlap."""
OVERLAP: Final = 256
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Value:
    """One text of a request.

    Attributes:
        text: As the application gets it.
        head: Whether it stood in the head of the request.
        agent: Whether it is ``User-Agent``.
        key: Whether it is a field's name.
    """

    text: str
    head: bool = False
    agent: bool = False
    key: bool = False


class Source(Protocol):
    """One part of a request."""

    @property
    def texts(self) -> Sequence[str]:
        """What it holds, as it came."""

    def ready(self, text: str) -> str:
        """One of its texts as the application gets it."""

    def value(self, number: int, text: str) -> Value:
        """A text, or a piece of it, with what it is; its number is that in ``texts``."""

    def place(self, number: int) -> tuple[str, str]:
        """Where it stands, and the name of its field, which may be the caller's."""


def groups(source: Source) -> Iterator[tuple[Sequence[int], list[str]]]:
    """The texts of a source, ready, with their numbers, as many at a time as make a piece."""
    raws = source.texts
    if sum(map(len, raws)) + len(raws) <= PIECE:
        if raws:
            yield range(len(raws)), [source.ready(raw) for raw in raws]
        return
    numbers: list[int] = []
    texts: list[str] = []
    size = 0
    for number, raw in enumerate(raws):
        for piece in (raw,) if len(raw) <= PIECE else _pieces(raw):
            if size + len(piece) > PIECE and texts:
                yield numbers, texts
                numbers, texts, size = [], [], 0
            size += len(piece) + 1
            numbers.append(number)
            texts.append(source.ready(piece))
    if texts:
        yield numbers, texts


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE - OVERLAP):
        yield text[start : start + PIECE]


def shown(name: str, number: int) -> str:
    """A name where it is a plain one, else its number in brackets.

    Args:
        name: The caller's.
        number: Of it among its like.
    """
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{number}]"


class Plain:
    """One text.

    Args:
        text: The text.
        called: Its place.
    """

    def __init__(self, text: str, called: str) -> None:
        self.texts = (text,)
        self._called = called

    def ready(self, text: str) -> str:
        """See :class:`Source`."""
        return text

    def value(self, number: int, text: str) -> Value:
        """See :class:`Source`."""
        return Value(text)

    def place(self, number: int) -> tuple[str, str]:
        """See :class:`Source`."""
        return self._called, ""

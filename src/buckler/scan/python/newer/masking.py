"""Newer shapes written in an older one of the same length, so that every position stays true.

=========================  ======================  ================================================
written                    since                   instead
=========================  ======================  ================================================
``f"{x["a"]}"``            3.12, PEP 701           a plain string; what it was is put back into the tree
``t"{x}"``                 3.14, PEP 750           likewise; it becomes an f-string with a mark
``def f[T](x)``            3.12, PEP 695; 3.13     blanks for the parameters
``type X[T] = list[T]``    3.12, PEP 695; 3.13     ``X = list[T]``
``except A, B:``           3.14, PEP 758           ``except A| B:``; becomes a tuple in the tree
=========================  ======================  ================================================
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from buckler.scan.python.newer.lexer import Word
from buckler.scan.python.newer.strings import Group

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the text and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class Masked:
    """What is to be changed in a text, and what to put back into the tree, all by offsets.

    Attributes:
        groups: String literals to be put back.
        tuples: By the offset of ``except``: how many classes, and where the last one ends.
        aliases: By the offset of ``type``: that of the name it defines.
    """

    edits: list[Edit] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    tuples: dict[int, tuple[int, int]] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)


def masked(text: str, words: Sequence[Word], version: tuple[int, int]) -> Masked:
    """What a Python of that version has to be shown instead of a text."""
    found = Masked()
    found.groups = [w.group for w in words if w.group is not None and w.group.newer_than(version)]
    found.edits = list(string_edits(text, found.groups))
    closing = _closing(text, words)
    fresh = True
    for at, word in enumerate(words):
        name = text[word.start : word.end] if word.kind == "name" else ""
        if name in ("def", "class") and version < (3, 13):
            _parameters(text, words, at + 2, closing, found)
        elif name == "type" and fresh and version < (3, 13):
            _alias(text, words, at, closing, found)
        elif name == "except" and fresh and version < (3, 14):
            _classes(text, words, at, found)
        fresh = word.kind == "newline" or text[word.start : word.end] in (";", ":")
    found.edits.sort(key=lambda edit: edit.start)
    return found


def apply(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    """A stretch of the text with what stands in it instead."""
    parts: list[str] = []
    for edit in edits:
        if edit.start >= start:  # else it lies within what is blanked
            parts += (text[start : edit.start], edit.text)
            start = edit.end
    return "".join((*parts, text[start:end]))


def string_edits(text: str, groups: Iterable[Group]) -> Iterator[Edit]:
    """Plain strings for the f-strings of these groups."""
    for group in groups:
        for piece in group.pieces:
            if piece.parts is not None:
                yield Edit(piece.start, piece.end, _plain(text[piece.start : piece.end]))


def _plain(written: str) -> str:
    """A plain string that starts and ends where this one does; of what lies between lines may grow."""
    first, *more = (len(line.encode("utf-8", "surrogatepass")) for line in written.split("\n"))
    if not more:
        return "'" + "_" * (first - 2) + "'"
    middle = "".join("_" * length + "\\\n" for length in more[:-1])
    return "'" + "_" * (first - 1) + "\\\n" + middle + "_" * (more[-1] - 1) + "'"


def _blank(written: str) -> str:
    return "\\\n".join(
        " " * len(line.encode("utf-8", "surrogatepass")) for line in written.split("\n")
    )


def _is(text: str, words: Sequence[Word], at: int, wanted: str) -> bool:
    return at < len(words) and text[words[at].start : words[at].end] == wanted


def _closing(text: str, words: Sequence[Word]) -> dict[int, int]:
    """By the number of a word that is an opening bracket: that of its closing one."""
    found, opened = dict[int, int](), list[int]()
    for number, word in enumerate(words):
        written = text[word.start : word.end] if word.kind == "op" else ""
        if written in _OPENING:
            opened.append(number)
        elif written in _CLOSING and opened:
            found[opened.pop()] = number
    return found


def _parameters(
    text: str, words: Sequence[Word], at: int, closing: dict[int, int], found: Masked
) -> int:
    """Blank the brackets that stand at a word, if they do; the first word behind them."""
    if not _is(text, words, at, "[") or at not in closing:
        return at
    start, end = words[at].start, words[closing[at]].end
    found.edits.append(Edit(start, end, _blank(text[start:end])))
    return closing[at] + 1


def _alias(
    text: str, words: Sequence[Word], at: int, closing: dict[int, int], found: Masked
) -> None:
    if at + 2 >= len(words) or words[at + 1].kind != "name":
        return
    start, named = words[at].start, words[at + 1]
    name = text[named.start : named.end]
    between = text[start : named.start]
    if keyword.iskeyword(name) or "\n" in between:
        return
    if _is(text, words, at + 2, "[") or _is(text, words, at + 2, "="):
        if _is(text, words, _parameters(text, words, at + 2, closing, found), "="):
            found.edits.append(Edit(start, named.end, name + " " * len(between)))
            found.aliases[start] = named.start


def _classes(text: str, words: Sequence[Word], at: int, found: Masked) -> None:
    """The classes of ``except A, B:``: names with dots, calls or subscripts, so that ``|`` binds looser."""
    first = at + 2 if _is(text, words, at + 1, "*") else at + 1
    commas: list[int] = []
    depth = 0
    for number in range(first, len(words)):
        word = words[number]
        written = text[word.start : word.end]
        depth += (written in _OPENING) - (written in _CLOSING)
        if depth or written in _CLOSING or written == ".":
            continue
        if written == ":":
            _tuple(words, at, number, commas, found)
            return
        if written == "," and number > first:
            commas.append(number)
        elif word.kind != "name" or keyword.iskeyword(written):
            return


def _tuple(words: Sequence[Word], at: int, colon: int, commas: list[int], found: Masked) -> None:
    if not commas:
        return
    trailing = commas[-1] == colon - 1
    for number in commas:
        sign = " " if trailing and number == commas[-1] else "|"
        found.edits.append(Edit(words[number].start, words[number].end, sign))
    found.tuples[words[at].start] = (
        len(commas) + (not trailing),
        words[colon - 1].end,
    )

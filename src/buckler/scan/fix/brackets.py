"""Adds to and takes from what stands between brackets: arguments, parameters, names, elements.

It keeps the layout that is there: one line stays one line; where each item has its own line, a new one
gets its own, indented alike, with a trailing comma where the others have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buckler.scan.fix.edits import Edit
from buckler.scan.fix.text import Text


@dataclass(frozen=True, slots=True)
class Item:
    """One thing between brackets, its own parentheses included.

    Attributes:
        begin: Offset of its first character.
        end: Offset behind its last one.
        comma: Offset of the comma behind it; None where there is none.
    """

    begin: int
    end: int
    comma: int | None


class Brackets:
    """A list of things between an opening and a closing bracket.

    Args:
        text: Of the file.
        opening: Offset of the opening bracket.
        closing: Offset of the closing one.
        spans: Start and end of each thing, in the order of the text.
    """

    def __init__(
        self, text: Text, opening: int, closing: int, spans: Sequence[tuple[int, int]]
    ) -> None:
        self._text = text
        self._opening = opening
        self._closing = closing
        self.items = self._read(sorted(spans))

    def _read(self, spans: Sequence[tuple[int, int]]) -> list[Item]:
        items, begin = [], self._opening + 1
        for number, (start, stop) in enumerate(spans):
            following = spans[number + 1][0] if number + 1 < len(spans) else self._closing
            begin = next((at for at, _ in self._text.significant(begin, start)), start)
            end, comma = stop, None
            for at, letter in self._text.significant(stop, following):
                if letter == ",":
                    comma = at
                    break
                end = at + 1
            items.append(Item(begin, end, comma))
            begin = (comma if comma is not None else end) + 1
        return items

    def append(self, *added: str) -> list[Edit]:
        """Put things behind the last one."""
        if not self.items:
            return [Edit(self._opening + 1, self._opening + 1, ", ".join(added))]
        last = self.items[-1]
        behind = last.end if last.comma is None else last.comma + 1
        if self._text.line_of(behind) == self._text.line_of(self._closing):
            if last.comma is None:
                return [Edit(last.end, last.end, "".join(f", {item}" for item in added))]
            return [Edit(behind, behind, " " + ", ".join(added) + ",")]
        return self._append_lines(last, behind, added)

    def _append_lines(self, last: Item, behind: int, added: Sequence[str]) -> list[Edit]:
        indent = self._text.indent_at(last.begin)
        comma = "," if last.comma is not None else ""
        new = self._text.newline
        lines = f",{new}".join(f"{indent}{item}" for item in added) + comma
        if last.comma is None and not self._text.ends_line(behind):
            return [Edit(last.end, last.end, "".join(f", {item}" for item in added))]
        if not self._text.ends_line(behind):
            return [Edit(behind, behind, " " + ", ".join(added) + ",")]
        at = self._text.line_end(behind)
        edits = [Edit(at, at, lines + new)]
        return edits if comma else [Edit(last.end, last.end, ","), *edits]

    def insert(self, number: int, added: str) -> list[Edit]:
        """Put a thing before the one with that index."""
        if number >= len(self.items):
            return self.append(added)
        begin = self.items[number].begin
        if self._text.begins_line(begin):
            separator = f",{self._text.newline}{self._text.indent_at(begin)}"
        else:
            separator = ", "
        return [Edit(begin, begin, added + separator)]

    def remove(self, *numbers: int) -> list[Edit]:
        """Take things away, and the lines that they had to themselves with the comments on them."""
        runs: list[tuple[int, int]] = []
        for number in sorted(set(numbers)):
            if runs and runs[-1][1] == number - 1:
                runs[-1] = (runs[-1][0], number)
            else:
                runs.append((number, number))
        return [self._remove(first, last) for first, last in runs]

    def _remove(self, first: int, last: int) -> Edit:
        text = self._text
        item = Item(self.items[first].begin, self.items[last].end, self.items[last].comma)
        behind = item.end if item.comma is None else item.comma + 1
        following = self.items[last + 1].begin if last + 1 < len(self.items) else self._closing
        alone = text.line_of(behind) < text.line_of(following) and text.ends_line(behind)
        if text.begins_line(item.begin) and alone:
            return Edit(text.line_start(item.begin), text.line_end(behind), "")
        if last + 1 < len(self.items):
            end = behind
            while end < following and text.text[end] in " \t":
                end += 1
            return Edit(item.begin, end, "")
        if first and (before := self.items[first - 1].comma) is not None:
            if "#" not in text.text[before + 1 : item.begin]:
                return Edit(before, item.end, "")
        return Edit(item.begin, behind, "")

    def replace(self, number: int, new: str) -> list[Edit]:
        """Put another thing in the place of one."""
        item = self.items[number]
        return [Edit(item.begin, item.end, new)]

"""Changes the arguments of one call. Several changes of one call are made together."""

from __future__ import annotations

import ast

from buckler.scan.fix.brackets import Brackets
from buckler.scan.fix.edits import Edit
from buckler.scan.fix.text import Text


class CallEdits:
    """What changes in one call.

    Args:
        text: Of the file.
        call: The call.
    """

    def __init__(self, text: Text, call: ast.Call) -> None:
        self._text = text
        self._call = call
        self._nodes: list[ast.expr | ast.keyword] = sorted(
            (*call.args, *call.keywords), key=lambda node: (node.lineno, node.col_offset)
        )
        self._removed: list[int] = []
        self._replaced: dict[int, str] = {}
        self._positional: list[str] = []
        self._added: dict[str, str] = {}

    def set_keyword(self, name: str, value: str) -> None:
        """Give an argument by keyword, or another value for it."""
        number = self._number(name)
        if number is None:
            self._added[name] = value
        else:
            self._replaced[number] = f"{name}={value}"

    def remove_keyword(self, name: str) -> None:
        """Take an argument away."""
        number = self._number(name)
        if number is not None and number not in self._removed:
            self._removed.append(number)

    def remove(self, node: ast.expr) -> None:
        """Take an argument away, however it is given."""
        for number, given in enumerate(self._nodes):
            if given is node or (isinstance(given, ast.keyword) and given.value is node):
                self._removed.append(number)

    def append_positional(self, text: str) -> None:
        """One more positional argument."""
        self._positional.append(text)

    def replace(self, node: ast.expr, new: str) -> None:
        """Put other text in the place of an argument's value."""
        for number, given in enumerate(self._nodes):
            if given is node:
                self._replaced[number] = new
            elif isinstance(given, ast.keyword) and given.value is node:
                self._replaced[number] = f"{given.arg}={new}" if given.arg else f"**{new}"

    def _number(self, name: str) -> int | None:
        for number, node in enumerate(self._nodes):
            if isinstance(node, ast.keyword) and node.arg == name:
                return number
        return None

    def edits(self) -> list[Edit]:
        """The changes as edits of the file."""
        brackets = self._brackets()
        added = [f"{name}={value}" for name, value in self._added.items()]
        removed, replaced = list(self._removed), dict(self._replaced)
        while removed and added:  # a new argument takes the place of one that goes
            replaced[removed.pop(0)] = added.pop(0)
        edits = self._only_generator(bool(added or self._positional))
        for number, new in replaced.items():
            edits += brackets.replace(number, new)
        edits += brackets.remove(*removed)
        edits += self._put_in(brackets, added)
        return edits

    def _put_in(self, brackets: Brackets, added: list[str]) -> list[Edit]:
        first = next((n for n, x in enumerate(self._nodes) if isinstance(x, ast.keyword)), None)
        if self._positional and first is not None:
            text = ", ".join(self._positional)
            put = brackets.insert(first, text)
            return put + (brackets.append(*added) if added else [])
        new = [*self._positional, *added]
        return brackets.append(*new) if new else []

    def _only_generator(self, more: bool) -> list[Edit]:
        """``f(x for x in y)`` needs parentheses of its own once there is a second argument."""
        end = self._text.span(self._call)[1]
        if more and len(self._nodes) == 1 and isinstance(self._nodes[0], ast.GeneratorExp):
            if self._text.span(self._nodes[0])[1] == end:
                opening = self._text.span(self._nodes[0])[0]
                return [Edit(opening + 1, opening + 1, "("), Edit(end - 1, end - 1, ")")]
        return []

    def _brackets(self) -> Brackets:
        closing = self._text.span(self._call)[1] - 1
        behind = self._text.span(self._call.func)[1]
        opening = behind
        for at, letter in self._text.significant(behind, closing):
            if letter == "(":
                opening = at
                break
        spans = []
        for node in self._nodes:
            start, end = self._text.span(node)
            if isinstance(node, ast.GeneratorExp) and end == closing + 1:
                start, end = start + 1, end - 1
            spans.append((start, end))
        return Brackets(self._text, opening, closing, spans)

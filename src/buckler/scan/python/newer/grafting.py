"""Puts back into a tree what its text was shown without: f-strings, tuples of classes, names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.scan.python.newer.masking import Masked, apply, string_edits
from buckler.scan.python.newer.positions import Positions
from buckler.scan.python.newer.strings import Field, Group, Literal, Piece

_COMMENT = re.compile(r"#[^\n]*")
_ESCAPES = re.compile(r'\\(?:\n|.)|["\n]', re.DOTALL)


class Grafter:
    """Works on the tree of one text.

    Args:
        text: As it was written.
        version: Of the Python that parses.
    """

    def __init__(self, text: str, version: tuple[int, int]) -> None:
        self._text = text
        self._version = version
        self._positions = Positions(text)

    def graft(self, tree: ast.AST, what: Masked) -> None:
        """Change a tree in place.

        Raises:
            SyntaxError: What stands in a replacement field is no expression.
        """
        at = self._positions.of
        aliases = {at(start): at(name) for start, name in what.aliases.items()}
        tuples = {at(start): (count, at(end)) for start, (count, end) in what.tuples.items()}
        if aliases or tuples:
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and aliases:
                    _rename(node, aliases)
                elif isinstance(node, ast.ExceptHandler) and tuples:
                    _tuple(node, tuples)
        self._strings(tree, what.groups)

    def _strings(self, tree: ast.AST, groups: Iterable[Group]) -> None:
        known = {self._positions.of(group.start): group for group in groups}
        stack = [tree] if known else []
        while stack:
            node = stack.pop()
            for name, value in ast.iter_fields(node):
                if isinstance(value, list):
                    for number, item in enumerate(value):
                        value[number] = self._grown(item, known, stack)
                elif isinstance(value, ast.AST):
                    setattr(node, name, self._grown(value, known, stack))

    def _grown(
        self, item: object, known: dict[tuple[int, int], Group], stack: list[ast.AST]
    ) -> object:
        if not isinstance(item, ast.AST):
            return item
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            group = known.get((item.lineno, item.col_offset))
            return self._joined(group) if group is not None else item
        stack.append(item)
        return item

    def _joined(self, group: Group) -> ast.JoinedStr:
        values: list[ast.expr] = []
        for piece in group.pieces:
            if piece.parts is None:
                self._add(values, _value(self._text, piece), piece.start, piece.end)
            else:
                self._parts(values, piece.parts, piece)
        joined = ast.JoinedStr(values=values)
        self._positions.place(joined, group.start, group.end)
        if any("t" in piece.prefix for piece in group.pieces):
            joined.template = True  # type: ignore[attr-defined]
        return joined

    def _parts(
        self, values: list[ast.expr], parts: Iterable[Literal | Field], piece: Piece
    ) -> None:
        for part in parts:
            if isinstance(part, Literal):
                written = self._text[part.start : part.end]
                if written in ("{{", "}}"):
                    written = written[0]
                value = written if piece.raw else _unescaped(written)
                self._add(values, value, part.start, part.end)
                continue
            if part.shown is not None:
                behind = _COMMENT.sub("", self._text[part.last : part.shown])
                shown = self._text[part.first : part.last] + behind
                self._add(values, shown, part.first, part.shown)
            values.append(self._field(part, piece))

    def _add(self, values: list[ast.expr], value: str, start: int, end: int) -> None:
        """Add a text; what stands side by side is one."""
        if not value:
            return
        before = values[-1] if values else None
        if isinstance(before, ast.Constant) and isinstance(before.value, str):
            before.value += value
            before.end_lineno, before.end_col_offset = self._positions.of(end)
        else:
            constant = ast.Constant(value=value)
            self._positions.place(constant, start, end)
            values.append(constant)

    def _field(self, field: Field, piece: Piece) -> ast.FormattedValue:
        value = self._expression(field)
        spec = None
        if field.colon is not None:
            spec = ast.JoinedStr(values=[])
            self._parts(spec.values, field.spec, piece)
            self._positions.place(spec, field.colon, field.end - 1)
        plain = field.conversion < 0 and spec is None and field.shown is not None
        made = ast.FormattedValue(
            value=value, conversion=ord("r") if plain else field.conversion, format_spec=spec
        )
        self._positions.place(made, field.start, field.end)
        return made

    def _expression(self, field: Field) -> ast.expr:
        """The expression of a field, parsed apart in brackets, with its true position."""
        groups = [group for group in field.groups if group.newer_than(self._version)]
        edits = string_edits(self._text, groups)
        inner = apply(self._text, field.first, field.last, edits)
        tree = ast.parse(f"({inner}\n)", mode="eval")
        line, column = self._positions.of(field.first)
        bare = tree.body.col_offset == 0 and tree.body.lineno == 1
        if bare and not isinstance(tree.body, ast.Tuple):
            raise SyntaxError("f-string: invalid expression", ("<source>", line, None, None))
        for node in ast.walk(tree):
            if isinstance(node, ast.expr | ast.keyword | ast.arg):
                _shift(node, line - 1, column - 1)
        if bare:
            written = self._text[field.first : field.last]
            start = field.last - len(written.lstrip())
            self._positions.place(tree.body, start, field.first + len(written.rstrip()))
        self._strings(tree, groups)
        return tree.body


def _shift(node: ast.expr | ast.keyword | ast.arg, lines: int, columns: int) -> None:
    if node.lineno == 1:
        node.col_offset += columns
    if node.end_lineno == 1 and node.end_col_offset is not None:
        node.end_col_offset += columns
    node.lineno += lines
    node.end_lineno = (node.end_lineno or node.lineno) + lines


def _rename(node: ast.Assign, aliases: dict[tuple[int, int], tuple[int, int]]) -> None:
    named = aliases.get((node.lineno, node.col_offset))
    if named is not None:
        target = node.targets[0]
        length = (target.end_col_offset or 0) - target.col_offset
        target.lineno, target.col_offset = named
        target.end_lineno, target.end_col_offset = named[0], named[1] + length


def _tuple(
    node: ast.ExceptHandler, tuples: dict[tuple[int, int], tuple[int, tuple[int, int]]]
) -> None:
    count, end = tuples.get((node.lineno, node.col_offset), (0, (0, 0)))
    if not count or node.type is None:
        return
    rest, classes = node.type, list[ast.expr]()
    while len(classes) < count - 1 and isinstance(rest, ast.BinOp):
        classes.append(rest.right)
        rest = rest.left
    classes.append(rest)
    made = ast.Tuple(elts=classes[::-1], ctx=ast.Load())
    made.lineno, made.col_offset = rest.lineno, rest.col_offset
    made.end_lineno, made.end_col_offset = end
    node.type = made


def _value(text: str, piece: Piece) -> str:
    written = text[piece.start : piece.end]
    if not piece.prefix and "\\" not in written:
        return written[3:-3] if written.startswith(("'''", '"""')) else written[1:-1]
    value = ast.literal_eval(written)
    return value if isinstance(value, str) else ""


def _unescaped(written: str) -> str:
    """What the characters of a literal stand for."""
    if "\\" not in written:
        return written
    quoted = _ESCAPES.sub(_within_quotes, written)
    # A brace ends the literal, and a backslash before it stands for itself.
    odd = len(written) - len(written.rstrip("\\"))
    value = ast.literal_eval(f'"{quoted}{chr(92) if odd % 2 else ""}"')
    return value if isinstance(value, str) else ""


def _within_quotes(matched: re.Match[str]) -> str:
    found = matched.group()
    return {'"': '\\"', "\n": "\\n"}.get(found, found)

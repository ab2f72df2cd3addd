"""What a fixer writes on: one file of the project, its tree, and the edits made so far.

A rule's ``fix_source(draft, finding)`` finds the node again, says what to do with it in terms of the
language (set this argument, wrap this expression), and gives ``draft.repair(…)`` back. Where
a thing stands and how it is laid out is known here, so that no rule counts characters.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from buckler.core.errors import RepairError
from buckler.core.finding import Finding
from buckler.scan.engines.interface import Module
from buckler.scan.fix.brackets import Brackets
from buckler.scan.fix.calls import CallEdits
from buckler.scan.fix.edits import Edit, FileRepair, Move, Repair, Wanted
from buckler.scan.fix.imports import Names
from buckler.scan.fix.quotes import quoted, usual
from buckler.scan.fix.signatures import parameter_brackets, place_of
from buckler.scan.fix.text import Text
from buckler.scan.python.index import Function, Index

Node = TypeVar("Node", ast.Call, ast.Compare, ast.FunctionDef, ast.Assign, ast.expr)
_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Constant, ast.Subscript, ast.JoinedStr)
_CLOSED = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp)


def _fitted(line: str, indent: str) -> str:
    """A line that stands deeper by four blanks a level, by tabs where the lines around it are."""
    words = line.lstrip(" ")
    return "\t" * ((len(line) - len(words)) // 4) + words if indent.endswith("\t") else line


class Draft:
    """Edits of one file, and through :meth:`other` of further ones.

    Args:
        path: Relative to the folder, with ``/``.
        text: Of the file.
        tree: Its tree; an empty one where the file is no Python.
        folder: Of the project.

    Attributes:
        index: What rules ask of a module: calls, names, scopes.
        module: The file as ``check_source`` gets it.
    """

    def __init__(self, path: str, text: Text, tree: ast.Module, folder: Path) -> None:
        self.path = path
        self.source = text
        self.text = text.text
        self.folder = folder
        self.module = Module(path, tree, text.text.splitlines(), folder)
        self.index = Index(path, tree, folder)
        self._names = Names(self.index)
        self._edits: list[Edit] = []
        self._calls: dict[ast.Call, CallEdits] = {}
        self._others: list[Draft] = []
        self._created: dict[str, str] = {}

    # Looking

    def calls_at(self, finding: Finding) -> list[ast.Call]:
        """The calls at the line of a finding.

        First those that begin on it, outermost first, then those that reach over it, innermost first.
        """
        return list(self.nodes_at(finding.location.line or 0, self.index.calls))

    @staticmethod
    def nodes_at(line: int, nodes: list[Node]) -> Iterator[Node]:
        """Of some nodes those at a line, in the same order as :meth:`calls_at`."""
        begin = [node for node in nodes if node.lineno == line]
        yield from sorted(begin, key=lambda n: (n.col_offset, -(n.end_lineno or 0)))
        over = [n for n in nodes if n.lineno < line <= (n.end_lineno or n.lineno)]
        yield from sorted(over, key=lambda n: -n.lineno)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """A node as it is written in the file."""
        return self.source.of(node)

    def quote(self, value: str) -> str:
        """A text as a literal, in the quotes that the file uses most."""
        return quoted(value, self.usual_quote)

    @property
    def usual_quote(self) -> str:
        """The quote that the file begins most of its literals with."""
        parents = self.index.parents
        literals: list[ast.expr] = []
        for node in self.index.all(ast.Constant):
            outer = parents.get(node)
            inside = isinstance(outer, ast.JoinedStr)  # 3.12 tells where in it, 3.11 does not
            if inside or isinstance(node.value, str | bytes):
                literals.append(outer if isinstance(outer, ast.JoinedStr) else node)
        return usual(self.source, literals)

    # Names

    def name_for(self, dotted: str, at: ast.AST) -> str:
        """How to write an imported name at a place; the import is added if the file has none.

        Args:
            dotted: ``hmac.compare_digest``, ``markupsafe.escape``, or a module, ``secrets``.
            at: The node beside which it is to be written, for what is bound there already.
        """
        return self._names.name_for(dotted, at)

    # Expressions

    def replace(self, node: ast.expr | ast.stmt, new: str) -> None:
        """Put other text in the place of a node; parentheses around it stay."""
        start, end = self.source.span(node)
        self._edits.append(Edit(start, end, new))

    def wrap(self, node: ast.expr, before: str, after: str) -> None:
        """Put text around a node: ``wrap(node, "escape(", ")")``."""
        start, end = self.source.span(node)
        bare = isinstance(node, ast.Tuple) and not self.text.startswith("(", start)
        if bare or isinstance(node, ast.Yield | ast.YieldFrom):
            before, after = before + "(", ")" + after
        self._edits += (Edit(start, start, before), Edit(end, end, after))

    def operand(self, node: ast.expr) -> str:
        """A node as it is written, in parentheses unless it needs none beside an operator or dot."""
        written = self.of(node)
        if isinstance(node, ast.Constant) and not isinstance(node.value, str | bytes):
            return f"({written})"
        closed = isinstance(node, ast.Tuple | ast.GeneratorExp) and written.startswith("(")
        plain = isinstance(node, (*_ATOMS, *_CLOSED)) and not _joined(node, written)
        return written if plain or closed else f"({written})"

    # Calls

    def set_keyword(self, call: ast.Call, name: str, value: str) -> None:
        """Give a call an argument by keyword, or another value for the one that it has."""
        self._call(call).set_keyword(name, value)

    def remove_keyword(self, call: ast.Call, name: str) -> None:
        """Take an argument that is given by keyword away; nothing happens where it is not given."""
        self._call(call).remove_keyword(name)

    def remove_argument(self, call: ast.Call, node: ast.expr) -> None:
        """Take an argument away, given by position or by keyword."""
        self._call(call).remove(node)

    def append_argument(self, call: ast.Call, text: str) -> None:
        """Give a call one more positional argument, behind those that it has."""
        self._call(call).append_positional(text)

    def replace_argument(self, call: ast.Call, node: ast.expr, new: str) -> None:
        """Put other text in the place of an argument, the parentheses around it included."""
        self._call(call).replace(node, new)

    def set_callee(self, call: ast.Call, new: str) -> None:
        """Call something else with the same arguments."""
        self.replace(call.func, new)

    def _call(self, call: ast.Call) -> CallEdits:
        return self._calls.setdefault(call, CallEdits(self.source, call))

    # Statements

    def insert_before(self, statement: ast.stmt, *lines: str) -> None:
        """Put statements before another one, indented as it is.

        Raises:
            RepairError: The statement shares its line, and more than a simple one is to be added.
        """
        start = place_of(self.source, statement)
        if self.source.begins_line(start):
            indent, new = self.source.indent_at(start), self.source.newline
            text = "".join(
                f"{indent}{_fitted(line, indent)}{new}" if line else new for line in lines
            )
            at = self.source.line_start(start)
            self._edits.append(Edit(at, at, text))
            return
        if any(line.rstrip().endswith(":") or line[:1].isspace() for line in lines):
            raise RepairError("no block can be put before a statement that shares its line")
        self._edits.append(Edit(start, start, "".join(f"{line}; " for line in lines)))

    def insert_after(self, statement: ast.stmt, *lines: str) -> None:
        """Put statements behind another one, indented as it is.

        Raises:
            RepairError: The statement shares its line, and more than a simple one is to be added.
        """
        start, end = self.source.span(statement)
        if self.source.begins_line(place_of(self.source, statement)) and self.source.ends_line(end):
            indent, new = self.source.indent_at(start), self.source.newline
            text = "".join(
                f"{indent}{_fitted(line, indent)}{new}" if line else new for line in lines
            )
            at = self.source.line_end(end)
            ended = self.text[:at].endswith(("\n", "\r"))
            self._edits.append(Edit(at, at, text if ended else new + text.removesuffix(new)))
            return
        if any(line.rstrip().endswith(":") or line[:1].isspace() for line in lines):
            raise RepairError("no block can be put behind a statement that shares its line")
        self._edits.append(Edit(end, end, "".join(f"; {line}" for line in lines)))

    def remove_statement(self, statement: ast.stmt) -> None:
        """Take a statement away with its lines; ``pass`` takes its place where it was alone."""
        start, end = place_of(self.source, statement), self.source.span(statement)[1]
        if self._is_alone(statement):
            self._edits.append(Edit(start, end, "pass"))
        elif self.source.begins_line(start) and self.source.ends_line(end):
            first = self.source.line_start(start)
            self._edits.append(Edit(first, self.source.line_end(end), ""))
        else:
            self._edits.append(Edit(start, end, "pass"))

    def _is_alone(self, statement: ast.stmt) -> bool:
        outer = self.index.parents.get(statement)
        if outer is None or isinstance(outer, ast.Module):
            return False
        bodies = [getattr(outer, name, None) for name in ("body", "orelse", "finalbody")]
        return any(isinstance(b, list) and len(b) == 1 and b[0] is statement for b in bodies)

    # Functions

    def add_decorator(self, function: Function | ast.ClassDef, text: str) -> None:
        """Put a decorator (without ``@``) nearest to a function or class."""
        at = self.source.offset(function.lineno, function.col_offset)
        indent, new = self.source.indent_at(at), self.source.newline
        first = self.source.line_start(at)
        self._edits.append(Edit(first, first, f"{indent}@{text}{new}"))

    def add_parameter(self, function: Function, text: str) -> None:
        """Give a function a parameter: before those with a default if it has none, else last."""
        brackets, number = parameter_brackets(self.source, function, text)
        self._edits += brackets.insert(number, text)

    # Lists

    def append_element(self, node: ast.List | ast.Tuple | ast.Set, text: str) -> None:
        """Put one more element into a list, set or tuple that stands in brackets."""
        start, end = self.source.span(node)
        spans = [self.source.span(item) for item in node.elts]
        self._edits += Brackets(self.source, start, end - 1, spans).append(text)

    def insert_element(self, node: ast.List | ast.Tuple | ast.Set, number: int, text: str) -> None:
        """Put an element before the one of that index; behind the last one where there is none."""
        start, end = self.source.span(node)
        spans = [self.source.span(item) for item in node.elts]
        self._edits += Brackets(self.source, start, end - 1, spans).insert(number, text)

    def remove_elements(self, node: ast.List | ast.Tuple | ast.Set, *numbers: int) -> None:
        """Take the elements with these indexes away."""
        start, end = self.source.span(node)
        spans = [self.source.span(item) for item in node.elts]
        self._edits += Brackets(self.source, start, end - 1, spans).remove(*numbers)

    def append_items(self, node: ast.Dict, *items: str) -> None:
        """Put ``key: value`` pairs behind those of a dictionary."""
        start, end = self.source.span(node)
        pairs = zip(node.keys, node.values, strict=True)
        spans = [(self.source.span(k or v)[0], self.source.span(v)[1]) for k, v in pairs]
        self._edits += Brackets(self.source, start, end - 1, spans).append(*items)

    def remove_items(self, node: ast.Dict, *numbers: int) -> None:
        """Take the ``key: value`` pairs with these indexes away."""
        start, end = self.source.span(node)
        pairs = zip(node.keys, node.values, strict=True)
        spans = [(self.source.span(k or v)[0], self.source.span(v)[1]) for k, v in pairs]
        self._edits += Brackets(self.source, start, end - 1, spans).remove(*numbers)

    def edit(self, start: int, end: int, text: str) -> None:
        """A change that none of the others can say: offsets in characters of ``text``."""
        self._edits.append(Edit(start, end, text))

    # Other files

    def other(self, path: str) -> Draft:
        """Another file of the project, edited along with this one.

        Raises:
            UnreadableFile: It is not there, is no text or does not parse.
        """
        from buckler.scan.fix.drafts import draft_of

        known = next((draft for draft in self._others if draft.path == path), None)
        if known is None:
            known = draft_of(self.folder, path)
            self._others.append(known)
        return known

    def create(self, path: str, text: str) -> None:
        """A file that there is not yet; the repair cannot be applied where there is one by then."""
        self._created[path] = text

    # The end

    def repair(
        self,
        summary: str,
        *,
        safe: bool = True,
        changes: str = "",
        wanted: Wanted | None = None,
        unshown: tuple[str, ...] = (),
        moves: tuple[Move, ...] = (),
    ) -> Repair | None:
        """All that was said so far as one repair; None where nothing was.

        Args:
            summary: What is changed, in a few words.
            safe: Whether it may be applied without a person looking at it.
            changes: What clients or the operator will see; needed where it is not safe.
            wanted: What of it shows in the answers to ordinary requests, which otherwise must stay.
            unshown: What cannot be shown of it, and why.
            moves: Packages that get another version.

        Raises:
            RepairError: It is not safe, and ``changes`` is empty.
        """
        files = [self.file_repair(), *(other.file_repair() for other in self._others)]
        files += [FileRepair(path, created=text) for path, text in self._created.items()]
        kept = tuple(file for file in files if file.edits or file.created is not None)
        if not kept:
            return None
        return Repair(kept, summary, safe, changes, wanted or Wanted(), (), unshown, moves)

    def file_repair(self) -> FileRepair:
        """What changes in this file alone."""
        calls = [edit for edits in self._calls.values() for edit in edits.edits()]
        return FileRepair(self.path, (*self._edits, *calls), self._names.wanted())


def _joined(node: ast.expr, written: str) -> bool:
    """Whether a literal is written as several beside each other, or an expression over lines."""
    if "\n" in written and not written.endswith((")", "]", "}")):
        return True
    if not isinstance(node, ast.Constant | ast.JoinedStr):
        return False
    try:
        return not isinstance(ast.parse(f"{written}.x", mode="eval").body, ast.Attribute)
    except SyntaxError:
        return True

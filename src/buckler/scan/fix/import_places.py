"""Puts imports where the file's own style has them: merged, sorted, in the right block.

The order is that of isort and ruff by default: the future, the standard library, what is
installed, the project's own; within a block plain imports before ``from`` ones unless the file
mixes them; each sorted where they are sorted now.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

from buckler.core.errors import RepairError
from buckler.scan.fix.brackets import Brackets
from buckler.scan.fix.edits import Edit
from buckler.scan.fix.text import Text

_Statement = ast.Import | ast.ImportFrom
_FUTURE, _STANDARD, _INSTALLED, _OWN = range(4)


def import_edits(
    text: Text,
    tree: ast.Module,
    statements: Iterable[str],
    folder: Path | None = None,
    used: int | None = None,
) -> list[Edit]:
    """The edits that bring imports into a file.

    Args:
        text: Of the file.
        tree: Of the file.
        statements: ``import a``, ``import a as b``, ``from a import b``, ``from a import b as c``; one
            name each. What the file has already is left out.
        folder: Of the project, to know its own modules.
        used: Offset of the first use; the imports stand before it.
    """
    leading = [s for s in _leading(tree) if used is None or text.span(s)[0] < used]
    edits: list[Edit] = []
    new: list[_Statement] = []
    joined: dict[ast.ImportFrom, list[str]] = {}
    for statement in dict.fromkeys(statements):
        wanted = ast.parse(statement).body[0]
        if not isinstance(wanted, _Statement) or _has(tree, wanted):
            continue
        into = _mergeable(text, leading, wanted)
        if into is not None:
            joined.setdefault(into, []).append(ast.unparse(wanted.names[0]))
        else:
            new.append(wanted)
    for into, names in joined.items():
        edits += _merged(text, into, names)
    return edits + _Places(text, tree, leading, folder).put(_combined(new))


def _has(tree: ast.Module, wanted: _Statement) -> bool:
    mine = wanted.names[0]
    return any(
        isinstance(statement, type(wanted))
        and getattr(statement, "module", "") == getattr(wanted, "module", "")
        and not getattr(statement, "level", 0)
        and any((a.name, a.asname) == (mine.name, mine.asname) for a in statement.names)
        for statement in tree.body
    )


def _mergeable(text: Text, leading: list[_Statement], wanted: _Statement) -> ast.ImportFrom | None:
    if not isinstance(wanted, ast.ImportFrom):
        return None
    for statement in leading:
        if (
            isinstance(statement, ast.ImportFrom)
            and (statement.module, statement.level) == (wanted.module, 0)
            and statement.names[0].name != "*"
            and "\\" not in text.of(statement)
        ):
            return statement
    return None


def _merged(text: Text, statement: ast.ImportFrom, names: list[str]) -> list[Edit]:
    """Names put among those of an import, in order if they are in order."""
    start, end = text.span(statement)
    spans = [text.span(alias) for alias in statement.names]
    closing = end - 1 if text.text[end - 1] == ")" else end
    opening = text.text.rfind("(", start, spans[0][0])
    brackets = Brackets(text, opening if opening >= 0 else spans[0][0] - 1, closing, spans)
    keys = [_name_key(alias.name) for alias in statement.names]
    edits: list[Edit] = []
    last: list[str] = []
    for name in sorted(names, key=_name_key):
        at = next((n for n, key in enumerate(keys) if key > _name_key(name)), len(keys))
        if keys == sorted(keys) and at < len(keys):
            edits += brackets.insert(at, name)
        else:
            last.append(name)
    return edits + (brackets.append(*last) if last else [])


def _name_key(name: str) -> tuple[int, str]:
    """The order of names in isort: constants, classes, the rest."""
    bare = name.partition(" ")[0]
    kind = 0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2
    return kind, name


def _combined(new: list[_Statement]) -> list[str]:
    """New statements as text, several names of one module in one."""
    plain = [ast.unparse(s) for s in new if isinstance(s, ast.Import)]
    froms: dict[str, list[str]] = {}
    for statement in new:
        if isinstance(statement, ast.ImportFrom):
            name = ast.unparse(statement.names[0])
            froms.setdefault(statement.module or "", []).append(name)
    return plain + [
        f"from {module} import {', '.join(sorted(names, key=_name_key))}"
        for module, names in froms.items()
    ]


def _leading(tree: ast.Module) -> list[_Statement]:
    """The first run of imports at the top level, those of the future left out."""
    run: list[_Statement] = []
    for statement in tree.body:
        if isinstance(statement, _Statement):
            if getattr(statement, "module", "") != "__future__":
                run.append(statement)
        elif run:
            break
    return run


def _module_of(statement: _Statement) -> str:
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return "." * statement.level + (statement.module or "")


class _Places:
    """The import block of one file."""

    def __init__(
        self, text: Text, tree: ast.Module, leading: list[_Statement], folder: Path | None
    ) -> None:
        self._text = text
        self._tree = tree
        self._folder = folder
        self._run = [s for s in leading if text.begins_line(text.span(s)[0])]
        self._apart = all(self._is_apart(part) for part in (_STANDARD, _INSTALLED, _OWN))

    def _is_apart(self, part: int) -> bool:
        """Whether nothing in a section speaks against plain imports before ``from`` ones."""
        kinds = [
            isinstance(s, ast.ImportFrom) for s in self._run if self._section(_module_of(s)) == part
        ]
        return kinds == sorted(kinds)

    def put(self, statements: list[str]) -> list[Edit]:
        """The edits that put new statements in; those for one place are one edit."""
        lines: dict[int, list[tuple[str, bool, bool]]] = {}
        ordered = sorted(statements, key=lambda s: self._key(self._parsed(s)))
        for statement in ordered:
            at, before, after = self._place(self._parsed(statement))
            lines.setdefault(at, []).append((statement, before, after))
        return [self._edit(at, wanted) for at, wanted in sorted(lines.items())]

    def _edit(self, at: int, wanted: list[tuple[str, bool, bool]]) -> Edit:
        new = self._text.newline
        if not self._text.begins_line(at):
            return Edit(at, at, "".join(f"{statement}; " for statement, _, _ in wanted))
        parts, section = [], None
        for number, (statement, before, _) in enumerate(wanted):
            mine = self._section(_module_of(self._parsed(statement)))
            if before if not number else section != mine:
                parts.append(new)
            parts.append(statement + new)
            section = mine
        if wanted[-1][2]:
            parts.append(new)
        unended = at and self._text.text[at - 1 : at] not in ("\n", "\r")
        return Edit(at, at, (new if unended else "") + "".join(parts))

    @staticmethod
    def _parsed(statement: str) -> _Statement:
        parsed = ast.parse(statement).body[0]
        if not isinstance(parsed, _Statement):
            raise RepairError(f"{statement!r} is no import")
        return parsed

    def _place(self, wanted: _Statement) -> tuple[int, bool, bool]:
        """Offset, and whether a blank line belongs before and behind it."""
        section = self._section(_module_of(wanted))
        same = [s for s in self._run if self._section(_module_of(s)) == section]
        if same:
            following = next((s for s in same if self._key(s) > self._key(wanted)), None)
            if following is not None:
                return self._text.line_start(self._text.span(following)[0]), False, False
            return self._behind(same[-1]), False, False
        lower = [s for s in self._run if self._section(_module_of(s)) < section]
        if lower:
            return self._behind(lower[-1]), True, False
        if self._run:
            first = self._text.span(self._run[0])[0]
            return self._text.line_start(first), False, True
        return self._without()

    def _behind(self, statement: _Statement) -> int:
        end = self._text.span(statement)[1]
        if self._text.ends_line(end):
            return self._text.line_end(end)
        return self._text.span(statement)[0]

    def _without(self) -> tuple[int, bool, bool]:
        """The place in a file that imports nothing: behind its docstring and the future."""
        body = self._tree.body
        first = next((n for n, s in enumerate(body) if not _stays_first(s, n)), len(body))
        if first:
            end = self._text.span(body[first - 1])[1]
            if self._text.ends_line(end):
                return self._text.line_end(end), True, False
            if first < len(body):
                return self._text.span(body[first])[0], False, False
        if not body:
            return len(self._text.text), False, False
        from buckler.scan.fix.signatures import place_of

        return self._text.line_start(place_of(self._text, body[first])), False, True

    def _section(self, module: str) -> int:
        top = module.partition(".")[0]
        if top == "__future__":
            return _FUTURE
        if not top or self._is_own(top):
            return _OWN
        return _STANDARD if top in sys.stdlib_module_names else _INSTALLED

    def _is_own(self, top: str) -> bool:
        if self._folder is None or top in sys.stdlib_module_names:
            return False
        return any(
            (folder / f"{top}.py").is_file() or (folder / top).is_dir()
            for folder in (self._folder, self._folder / "src")
        )

    def _key(self, statement: _Statement) -> tuple[int, bool, str]:
        module = _module_of(statement)
        apart = self._apart and isinstance(statement, ast.ImportFrom)
        return self._section(module), apart, module.lower()


def _stays_first(statement: ast.stmt, number: int) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return number == 0 and docstring

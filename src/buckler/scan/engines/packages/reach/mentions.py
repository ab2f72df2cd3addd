"""Whether a project names a function of a library anywhere, whatever road its values take.

That nothing calls what has a weakness is said only where it can be seen: each place that may name it is looked at,
and wherever the package itself is handed on, read by a computed name or taken in whole by a star, nothing is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.scan.python.parsing import content_of, text_of, tree_of

_MOST_BYTES: Final = 40_000_000
_RUN: Final = frozenset(("exec", "eval"))
_IMPORT: Final = frozenset(("__import__", "import_module", "run_module", "run_path"))
_LOCAL: Final = "?"
"""What an import of the project's own stands for: it may hand on anything."""


@dataclass(slots=True)
class _File:
    """What one file names.

    Attributes:
        path: Relative.
        chains: Names with their attributes: the parts, the line, and whether it is what a call calls.
        bound: What imports bind, each to the dotted names that it may stand for.
        others: Names that something else binds.
        starred: Modules that a star takes in, or that are imported by their name as a text.
        texts: Constant texts with a dot or colon.
        computed: Whether code or modules are made of values.
    """

    path: str
    chains: list[tuple[tuple[str, ...], int, bool]] = field(default_factory=list)
    bound: dict[str, set[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    starred: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    computed: bool = False


class Mentions:
    """Looks through the files of a project.

    Args:
        folder: Of the project.
        paths: Its files, relative; those of tests left out.
    """

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        self._folder = folder
        self._paths = paths
        self._own = {part for path in paths for part in PurePosixPath(path).with_suffix("").parts}
        self._files: list[_File] | None = None
        self._whole = True

    def places(
        self, symbols: Iterable[str], modules: Iterable[str]
    ) -> frozenset[tuple[str, int]] | None:
        """Where these symbols are called by name: (file, line).

        Args:
            symbols: Dotted names.
            modules: Of their package.

        Returns:
            None where one of them may be come to in a way that cannot be seen.
        """
        files = self._read()
        tops = frozenset(modules)
        if not self._whole or any(f.computed for f in files):
            return None
        found: set[tuple[str, int]] = set()
        for name in symbols:
            for one in files:
                places = _places(one, name, tops)
                if places is None:
                    return None
                found.update((one.path, line) for line in places)
        return frozenset(found)

    def _read(self) -> list[_File]:
        if self._files is None:
            self._files = []
            room = _MOST_BYTES
            for path in self._paths:
                try:
                    data = content_of(self._folder / path, self._folder)
                    room -= len(data)
                    if room < 0:
                        self._whole = False
                        break
                    self._files.append(self._file(path, tree_of(text_of(data))))
                except UnreadableFile:
                    self._whole = False
                    break
        return self._files

    def _file(self, path: str, tree: ast.Module) -> _File:
        made = _File(path)
        inner: set[int] = set()
        called: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._imported(made, node)
            elif isinstance(node, ast.Attribute):
                inner.add(id(node.value))
                if id(node) not in inner:
                    parts = _parts(node)
                    made.computed = made.computed or parts == ("sys", "modules")
                    made.chains.append((parts, node.lineno, id(node) in called))
            elif isinstance(node, ast.Name):
                if not isinstance(node.ctx, ast.Load):
                    made.others.add(node.id)
                elif id(node) not in inner:
                    made.chains.append(((node.id,), node.lineno, id(node) in called))
            elif isinstance(node, ast.Call):
                called.add(id(node.func))
                _compute(made, node)
            elif isinstance(node, ast.Constant):
                if isinstance(node.value, str) and re.search(r"\w[.:]\w", node.value[:200]):
                    made.texts.add(node.value[:200])
            else:
                made.others.update(_binds(node))
        return made

    def _imported(self, made: _File, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                target = alias.name if alias.asname else top
                self._bind(made, alias.asname or top, target, local=top in self._own)
            return
        origin = node.module or ""
        local = bool(node.level) or origin.partition(".")[0] in self._own
        for alias in node.names:
            if alias.name == "*":
                made.starred.add(_LOCAL if local else origin)
            else:
                target = f"{origin}.{alias.name}"
                self._bind(made, alias.asname or alias.name, target, local=local)

    def _bind(self, made: _File, name: str, target: str, *, local: bool) -> None:
        last = target.rpartition(".")[2]
        made.bound.setdefault(name, set()).add(f"{_LOCAL}.{last}" if local else target)


def _places(file: _File, symbol: str, modules: frozenset[str]) -> list[int] | None:
    """The lines on which a file calls a symbol by its name; None where it may come to it otherwise."""
    if any(symbol in text.replace(":", ".") for text in file.texts):
        return None
    if any(module in modules or module.partition(".")[0] in modules for module in file.starred):
        return None
    lines = []
    for parts, line, is_called in file.chains:
        for full in _meanings(file, parts, symbol):
            if full is None:
                return None
            if full == symbol and is_called:
                lines.append(line)
            elif full == symbol or full.startswith(f"{symbol}."):
                return None  # handed on, or something of it used
            elif symbol.startswith(f"{full}."):
                return None  # what holds it is handed on
    return lines


def _meanings(file: _File, parts: tuple[str, ...], symbol: str) -> Iterator[str | None]:
    """The dotted names that a chain may stand for; None where it may be the symbol in a way that cannot be seen."""
    root, rest = parts[0], parts[1:]
    holder, _, last = symbol.rpartition(".")
    # Objects come from anywhere; a function or module was named somewhere before it is in a variable.
    of_class = holder.rpartition(".")[2][:1].isupper()
    targets = file.bound.get(root, set())
    if not targets or root in file.others:
        from_star = root not in file.others and _LOCAL in file.starred
        if (last in rest and of_class) or (from_star and last in parts):
            yield None
    for target in targets:
        whole = (*target.split("."), *rest)
        if whole[0] == _LOCAL:
            if last in whole:
                yield None
        else:
            yield ".".join(whole)


def _parts(node: ast.expr) -> tuple[str, ...]:
    """The names of a chain; the first is empty where it begins with something else than a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return tuple(reversed(parts))


def _compute(made: _File, node: ast.Call) -> None:
    """Take note of a call that runs or imports what a value says."""
    plain = isinstance(node.func, ast.Name)
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in _RUN and plain:
        made.computed = True
    elif name in _IMPORT:
        module = (
            node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        )
        if isinstance(module, str) and not module.startswith("."):
            made.starred.add(module)
        else:
            made.computed = True


def _binds(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []

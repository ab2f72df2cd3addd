"""Which applications a file makes, read from its source without running it.

Known are module-level names: of an instance of FastAPI or of a class that inherits from it, of
what a factory returns, of what wraps either, and of an application that another file of the
project made. Factories come after them, as ``name()``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from buckler.scan.python.parsing import parse

CLASSES = frozenset({"FastAPI", "Starlette"})
LAYER: Final = re.compile(r"(?:Middleware|ASGI|Asgi|App|Wrapper)$")
"""Names of what goes around an application and is one itself."""
FACTORY: Final = re.compile(r"(?:create|make|build|get|new)_(?:\w+_)?(?:app|application|api)")
"""Names of functions that give an application."""
MOUNTING: Final = frozenset({"mount", "Mount", "host", "Host"})
"""Calls that put an application below a path or a host of another one."""


@dataclass(slots=True)
class Names:
    """What the names of one file stand for.

    Attributes:
        classes: Classes of applications.
        factories: Functions that return one, with the line that makes it.
        made: Module-level names of applications, with the line of the assignment or of the
            factory's own making.
        free: Factories that need no argument.
        borrowed: The names of ``made`` that were imported.
    """

    classes: set[str] = field(default_factory=lambda: set(CLASSES))
    factories: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    borrowed: set[str] = field(default_factory=set)


class Reader:
    """Reads files, each once.

    Args:
        roots: Folders that absolute imports may start from; what leads out of the outermost is not
            read.
    """

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        self._folder = min(roots, key=lambda root: len(root.parts))
        self._read: dict[Path, Names] = {}

    def applications(self, file: Path, *, imported: bool) -> Iterator[tuple[str, int]]:
        """Names of the applications in a file, then of its factories as ``name()``; with lines.

        Args:
            file: The file.
            imported: Whether an application counts that was only imported.
        """
        names = self._names(file)
        yield from ((n, at) for n, at in names.made.items() if imported or n not in names.borrowed)
        for name in names.free:
            yield f"{name}()", names.factories[name]

    def within(self, file: Path) -> set[str]:
        """Names of a file's applications that the file mounts in another one."""
        tree = parse(file, self._folder)
        mounted = {
            name
            for node in (ast.walk(tree) if tree is not None else ())
            if isinstance(node, ast.Call) and _last(node.func) in MOUNTING
            for name in _given(node)
        }
        return mounted & self._names(file).made.keys()

    def around(self, file: Path) -> set[str]:
        """Names of a file's applications that are another one of it with a layer around."""
        made, tree = self._names(file).made, parse(file, self._folder)
        assigned = [_assigned(statement) for statement in (tree.body if tree is not None else ())]
        return {
            name
            for name, value in assigned
            if name in made and isinstance(value, ast.Call) and _given(value) & made.keys()
        }

    def asynchronous(self, file: Path) -> list[str]:
        """Names of functions at the top of a file that make an application and have to be awaited."""
        names, tree = self._names(file), parse(file, self._folder)
        return [
            node.name
            for node in (tree.body if tree is not None else ())
            if isinstance(node, ast.AsyncFunctionDef) and _returns_application(node, names)
        ]

    def made_elsewhere(self, file: Path) -> Iterator[tuple[str, int]]:
        """Names of what imported factories made that are no code of the project, with lines.

        Nobody can say that it is an application but by running it, so ``app`` and ``api`` alone count, made by
        something that is called a factory of one.
        """
        tree = parse(file, self._folder)
        imported: set[str] = set()
        for statement in tree.body if tree is not None else ():
            if isinstance(statement, ast.ImportFrom):
                if _file_of(statement, file, self._roots) is None:
                    imported |= {alias.asname or alias.name for alias in statement.names}
                continue
            target, value = _assigned(statement)
            if target in ("app", "api") and isinstance(value, ast.Call):
                called = value.func.id if isinstance(value.func, ast.Name) else ""
                if called in imported and FACTORY.fullmatch(called):
                    yield target, statement.lineno

    def _names(self, file: Path) -> Names:
        found = self._read.get(file)
        if found is not None:
            return found
        found = self._read[file] = Names()
        tree = parse(file, self._folder)
        if tree is None:
            return found
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom):
                self._imported(statement, file, found)
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.ClassDef) and any(
                _last(b) in found.classes for b in node.bases
            ):
                found.classes.add(node.name)
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and _returns_application(node, found):
                found.factories[node.name] = _made_line(node, found) or node.lineno
                if node in tree.body and _needs_nothing(node):
                    found.free.append(node.name)
        for statement in tree.body:
            target, value = _assigned(statement)
            line = _line_of(value, found, statement.lineno) if target else None
            if target and line is not None:
                found.made.setdefault(target, line)
        return found

    def _imported(self, node: ast.ImportFrom, file: Path, found: Names) -> None:
        """Take over what the names stand for that come from another file of the project."""
        origin = _file_of(node, file, self._roots)
        if origin is None:
            found.classes |= {a.asname for a in node.names if a.name in CLASSES and a.asname}
            return
        theirs = self._names(origin)
        for alias in node.names:
            name = alias.asname or alias.name
            if alias.name in theirs.classes:
                found.classes.add(name)
            if alias.name in theirs.factories:
                found.factories[name] = node.lineno
            if alias.name in theirs.made:
                found.made[name] = node.lineno
                found.borrowed.add(name)


def _file_of(node: ast.ImportFrom, file: Path, roots: tuple[Path, ...]) -> Path | None:
    """The project's file that a ``from … import`` names."""
    parts = (node.module or "").split(".") if node.module else []
    starts = roots
    if node.level:
        folder = file.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        starts = (folder,)
    for start in starts:
        path = start.joinpath(*parts)
        for candidate in (path.with_suffix(".py") if parts else path, path / "__init__.py"):
            if candidate.is_file() and candidate != file:
                return candidate
    return None


def _line_of(value: ast.expr | None, found: Names, line: int) -> int | None:
    """The line to show for what makes an application, or None where it makes none."""
    match value:
        case ast.Name(id=name) if name in found.made:
            return line
        case ast.Call(func=function, args=args, keywords=keywords):
            called = _last(function)
            if called in found.classes:
                return line
            if called in found.factories:
                return found.factories[called]
            inner = [*args[:1], *(k.value for k in keywords if k.arg == "app")]
            if not LAYER.search(called):
                # What takes an application that has a name is as often a limiter, a guard or an exporter.
                inner = [one for one in inner if not isinstance(one, ast.Name)]
            lines = [_line_of(item, found, line) for item in inner]
            return next((at for at in lines if at is not None), None)
    return None


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name, value
    return "", None


def _given(call: ast.Call) -> set[str]:
    """The plain names among the arguments of a call."""
    values = (*call.args, *(word.value for word in call.keywords))
    return {value.id for value in values if isinstance(value, ast.Name)}


def _last(node: ast.expr) -> str:
    """The last name of a chain; the class of a parametrised one."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(value=value):
            return _last(value)
    return ""


def _made_line(function: ast.FunctionDef | ast.AsyncFunctionDef, found: Names) -> int | None:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _last(node.func) in found.classes:
            return node.lineno
    return None


def _returns_application(function: ast.FunctionDef | ast.AsyncFunctionDef, found: Names) -> bool:
    returns = function.returns
    named = ""
    if isinstance(returns, ast.Constant):
        named = str(returns.value).rpartition(".")[2]
    elif returns is not None:
        named = _last(returns)
    if named in found.classes:
        return True
    return _made_line(function, found) is not None and any(
        isinstance(node, ast.Return) and isinstance(node.value, ast.Name | ast.Call)
        for node in ast.walk(function)
    )


def _needs_nothing(function: ast.FunctionDef) -> bool:
    given = function.args
    required = len(given.args) + len(given.posonlyargs) - len(given.defaults)
    return required <= 0 and all(default is not None for default in given.kw_defaults)

"""How to write an imported name in a file that may know it already under another one."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator

from buckler.scan.python.index import Function, Index, parameters

_BY_NAME = frozenset({"typing", "pathlib"})
"""Modules of the standard library that are written by their names: ``Path``, ``Annotated``."""


class Names:
    """The names of one file, and the imports that its fixers ask for.

    Args:
        index: Of the file.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._wanted: dict[str, str] = {}
        self._taken: set[str] | None = None

    def wanted(self) -> tuple[str, ...]:
        """The statements that the file needs at its top, in the order in which they were asked for."""
        return tuple(self._wanted)

    def name_for(self, dotted: str, at: ast.AST) -> str:
        """How to write a name at a place.

        A module of the standard library is imported as a whole (``hmac.compare_digest``), anything
        else, and types and paths, by name (``from markupsafe import escape``), unless the file has
        either already.

        Args:
            dotted: Module and name, or a module of one part.
            at: Node beside which it is written.
        """
        module, _, name = dotted.rpartition(".")
        known = self._known(module, name, at)
        if known:
            return known
        for statement, written in self._wanted.items():
            if written in (name, f"_{name}") and statement.startswith(
                f"from {module} import {name}"
            ):
                return written
            if module and statement.startswith("import ") and written in (module, f"_{module}"):
                if statement.split()[1] == module:
                    return f"{written}.{name}"
        return self._add(module, name)

    def _known(self, module: str, name: str, at: ast.AST) -> str:
        """The file's own name for it, where that is bound at the place and to nothing else."""
        for statement in self._before(at):
            for alias in statement.names:
                bound = alias.asname or alias.name
                if isinstance(statement, ast.Import):
                    whole = alias.name == module or (not module and alias.name == name)
                    if not whole or not self._is_free(bound.partition(".")[0], at, statement):
                        continue
                    return f"{bound}.{name}" if module else bound
                if statement.level or not module:
                    continue
                outer, _, inner = module.rpartition(".")
                own = self._is_free(bound, at, statement)
                if statement.module == module and alias.name == name and own:
                    return bound
                if statement.module == outer and alias.name == inner and own:
                    return f"{bound}.{name}"
        return ""

    def _before(self, at: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
        """Imports at the top level of the module that have run when the place is reached."""
        inside = self._index.function_of(at) is not None
        line = getattr(at, "lineno", 0)
        for statement in self._index.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                if inside or statement.lineno < line:
                    yield statement

    def _is_free(self, name: str, at: ast.AST, statement: ast.stmt) -> bool:
        """Whether a name means at a place what one import binds it to."""
        for outer in self._index.around(at):
            if isinstance(outer, Function | ast.Lambda) and name in _locals(outer):
                return False
        return not any(
            bound == name for node, bound in _bindings(self._index.tree) if node is not statement
        )

    def _add(self, module: str, name: str) -> str:
        if self._taken is None:
            self._taken = {bound for _, bound in _bindings(self._index.tree)} | set(dir(builtins))
            for function in self._index.functions:
                self._taken |= _locals(function)
            self._taken |= {n.id for n in ast.walk(self._index.tree) if isinstance(n, ast.Name)}
        whole = module in sys.stdlib_module_names - _BY_NAME and "." not in module
        plain = not module or whole
        target = (module or name) if plain else name
        written = target
        while written in self._taken:
            written = f"_{written}"
        suffix = "" if written == target else f" as {written}"
        statement = f"import {target}{suffix}" if plain else f"from {module} import {name}{suffix}"
        self._wanted[statement] = written
        self._taken.add(written)
        return f"{written}.{name}" if plain and module else written


def _locals(function: ast.AST) -> set[str]:
    """Names that a function binds by itself."""
    found = {parameter.arg for parameter in parameters(function)}
    if not isinstance(function, ast.Lambda):
        found |= {bound for _, bound in _bindings(function)}
    return found


def _bindings(outer: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What is bound in a scope itself: the node, and the name."""
    stack = (
        list(ast.iter_child_nodes(outer))
        if isinstance(outer, ast.Module)
        else [node for node in getattr(outer, "body", ()) if isinstance(node, ast.AST)]
    )
    while stack:
        node = stack.pop()
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                yield node, name
                continue
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    yield node, (alias.asname or alias.name.partition(".")[0])
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield node, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield node, name
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield node, name
        if not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))

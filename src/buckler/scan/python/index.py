"""What the rules ask of a module, gathered in one walk over its tree.

A dozen rules look at every call of a project; each of them walking the tree by itself would
cost more than parsing it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from buckler.scan.python.imports import Import, imports_of

if TYPE_CHECKING:
    from buckler.scan.engines.interface import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
Node = TypeVar("Node", bound=ast.AST)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module, ast.Lambda)
_ALIAS = getattr(ast, "TypeAlias", None)
"""``type X = ...``, from Python 3.12 on; before, it is read as an assignment."""
_KEPT = frozenset(
    {ast.Call, ast.Compare, ast.Assign, ast.AnnAssign, ast.Dict, ast.Try, ast.With, ast.AsyncWith}
    | {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom}
    | {ast.NamedExpr, ast.Attribute, ast.keyword, ast.Constant, ast.Assert, ast.If}
    | ({_ALIAS} if _ALIAS is not None else set())
)

_PLAIN = frozenset(
    {"ctx", "op", "ops", "kind", "type_comment", "conversion", "level", "is_async", "simple"}
    | {
        "id",
        "attr",
        "arg",
        "name",
        "asname",
        "module",
        "rest",
        "kwd_attrs",
        "type_ignores",
        "tag",
        "str",
    }
)


def _children(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node that hold nodes, last one first."""
    leaf = issubclass(kind, ast.Constant | ast.MatchSingleton | ast.Global | ast.Nonlocal)
    named = {"name"} if kind.__name__ == "TypeAlias" else set()
    fields = () if leaf else kind._fields
    return tuple(f for f in reversed(fields) if f not in _PLAIN - named)


_CHILDREN = {
    kind: _children(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""Asked of each kind once: a project has millions of nodes."""


class Index:
    """One module, indexed.

    Args:
        path: Relative to the project's folder.
        tree: The parsed module.
        folder: Of the project; None where other files cannot be looked at.

    """

    def __init__(self, path: str, tree: ast.Module, folder: Path | None = None) -> None:
        self.path = path
        self.tree = tree
        self.folder = folder
        self.parents: dict[ast.AST, ast.AST] = {}
        self.imports: dict[str, Import] = {}
        self.bindings: dict[tuple[ast.AST | None, str], list[ast.expr]] = {}
        self._kept: dict[type, list[Any]] = {kind: [] for kind in _KEPT}
        self._names: dict[ast.AST, str] = {}
        self._walk()
        self.calls = self.all(ast.Call)
        self.functions: list[Function] = [
            *self.all(ast.FunctionDef),
            *self.all(ast.AsyncFunctionDef),
        ]
        self._import(self.all(ast.Import))
        self._import(self.all(ast.ImportFrom))
        self._by_name: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            self._by_name.setdefault(self._called(call.func), []).append(call)
        self._bind_all()

    def _import(self, statements: Sequence[ast.Import | ast.ImportFrom]) -> None:
        for statement in statements:
            self.imports.update(imports_of(statement))

    def _called(self, node: ast.expr) -> str:
        """The last part of the name that is called, as it is called where it was imported from."""
        if isinstance(node, ast.Name):
            known = self.imports.get(node.id)
            return known.name or node.id if known is not None else node.id
        return node.attr if isinstance(node, ast.Attribute) else ""

    def called(self, *names: str) -> list[ast.Call]:
        """The calls of functions and methods whose own name is one of these, in order."""
        found = [call for name in names for call in self._by_name.get(name, ())]
        return found if len(names) == 1 else sorted(found, key=_position)

    def withs(self) -> list[ast.With | ast.AsyncWith]:
        """The ``with`` blocks of both kinds."""
        return [*self.all(ast.With), *self.all(ast.AsyncWith)]

    def settings(self) -> list[ast.Assign | ast.AnnAssign]:
        """The assignments with and without an annotation."""
        return [*self.all(ast.Assign), *self.all(ast.AnnAssign)]

    def all(self, kind: type[Node]) -> list[Node]:
        """The nodes of one of the kinds that are kept, in their order."""
        return self._kept[kind]

    def _walk(self) -> None:
        parents = self.parents
        keep = {kind: found.append for kind, found in self._kept.items()}
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind in keep:
                keep[kind](node)
            for name in _CHILDREN[kind]:
                value = getattr(node, name, None)
                if type(value) is list:
                    for child in reversed(value):
                        if child is not None:
                            parents[child] = node
                            stack.append(child)
                elif value is not None:
                    parents[value] = node
                    if type(value) is not ast.Name:
                        stack.append(value)

    def _bind_all(self) -> None:
        for assign in self.all(ast.Assign):
            for target in assign.targets:
                self._bind(target, assign.value)
        for annotated in self.all(ast.AnnAssign):
            if annotated.value is not None:
                self._bind(annotated.target, annotated.value)
        for alias in self.all(_ALIAS) if _ALIAS is not None else ():
            self._bind(alias.name, alias.value)
        for walrus in self.all(ast.NamedExpr):
            self._bind(walrus.target, walrus.value)
        for block in self.withs():
            for item in block.items:
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, item.context_expr)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for left, right in zip(target.elts, value.elts, strict=False):
                self._bind(left, right)
        elif isinstance(target, ast.Name):
            key = (self.scope_of(target), target.id)
            self.bindings.setdefault(key, []).append(value)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            name = f"{target.value.id}.{target.attr}"
            self.bindings.setdefault((None, name), []).append(value)

    def scope_of(self, node: ast.AST) -> ast.AST:
        """The innermost function, class or module around a node."""
        return next((outer for outer in self.around(node) if isinstance(outer, _SCOPES)), self.tree)

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function around a node."""
        for outer in self.around(node):
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                return outer
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class around a node."""
        return next((o for o in self.around(node) if isinstance(o, ast.ClassDef)), None)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def inside(self, node: ast.AST, outer: ast.AST) -> bool:
        """Whether a node is another or stands somewhere in it."""
        return node is outer or any(item is outer for item in self.around(node))

    def values(self, node: ast.AST) -> list[ast.expr]:
        """What a name is set to in the innermost scope that sets it; empty for a parameter."""
        if isinstance(node, ast.Attribute):
            named = isinstance(node.value, ast.Name)
            key = f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""
            return self.bindings.get((None, key), []) if named else []
        if not isinstance(node, ast.Name):
            return []
        own = True
        for outer in self.around(node):
            if not isinstance(outer, _SCOPES) or (isinstance(outer, ast.ClassDef) and not own):
                continue
            own = False
            found = self.bindings.get((outer, node.id))
            if found or parameter(outer, node.id) is not None:
                return found or []
        return []

    def parameter(self, node: ast.Name) -> ast.arg | None:
        """The parameter that a name is, of the innermost function that has one."""
        for outer in self.around(node):
            found = parameter(outer, node.id)
            if found is not None or (outer, node.id) in self.bindings:
                return found
        return None

    def function(self, name: str) -> Function | None:
        """The first function of that name in this module."""
        return next((f for f in self.functions if f.name == name), None)

    def class_named(self, name: str) -> ast.ClassDef | None:
        """The first class of that name in this module."""
        return next((c for c in self.all(ast.ClassDef) if c.name == name), None)

    def callers(self, function: Function) -> list[ast.Call]:
        """The calls of a function in this module, as a name or as a method."""
        return self.called(function.name)

    def calls_in(self, outer: ast.AST) -> Iterator[ast.Call]:
        """The calls at or below a node."""
        return (node for node in ast.walk(outer) if isinstance(node, ast.Call))

    def name(self, node: ast.AST) -> str:
        """Dotted name of what an expression stands for: see :mod:`buckler.scan.python.names`."""
        known = self._names.get(node)
        if known is None:
            from buckler.scan.python.names import resolve

            self._names[node] = ""
            known = self._names[node] = resolve(self, node)
        return known


def _position(node: ast.Call) -> tuple[int, int]:
    return node.lineno, node.col_offset


def last(node: ast.AST) -> str:
    """The last part of a name: ``decode`` of ``jwt.decode``; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def parameters(function: ast.AST) -> list[ast.arg]:
    """All parameters of a function, in order; none of anything else."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    args = function.args
    more = [a for a in (args.vararg, args.kwarg) if a is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *more]


def parameter(function: ast.AST, name: str) -> ast.arg | None:
    """The parameter of that name."""
    return next((p for p in parameters(function) if p.arg == name), None)


def default_of(function: Function, name: str) -> ast.expr | None:
    """The default value of a parameter, or None where it has none."""
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    pairs = list(zip(reversed(plain), reversed(args.defaults), strict=False))
    keyed = [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d]
    return next((value for arg, value in (*pairs, *keyed) if arg.arg == name), None)


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument given by keyword or at a position; None where it is not given."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        given = call.args[: position + 1]
        if not any(isinstance(item, ast.Starred) for item in given):
            return given[position]
    return None


def unpacks(call: ast.Call) -> bool:
    """Whether a call gets ``*args`` or ``**kwargs``, so that not all of it can be read."""
    starred = any(isinstance(item, ast.Starred) for item in call.args)
    return starred or any(keyword.arg is None for keyword in call.keywords)


_recent: list[tuple[ast.Module, Index]] = []


def index_of(module: Module) -> Index:
    """The index of a module; the last one is kept, since the rules come one after the other."""
    if not _recent or _recent[0][0] is not module.tree:
        _recent[:] = [(module.tree, Index(module.path, module.tree, module.folder))]
    return _recent[0][1]


def forget_index() -> None:
    """Let the last module go: its tree and index may be as large as all that the flow engine needs."""
    _recent.clear()

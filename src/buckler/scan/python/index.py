"""What the rules ask of a module, gathered in one walk over its tree.

A dozen rules look at every call of a project; each of them walking the tree by itself would
cost more than parsing it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from buckler.scan.python.imports import Import, imports_of

if TYPE_CHECKING:
    from buckler.scan.engines.interface import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LEAVES = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module, ast.Lambda)


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
        self.calls: list[ast.Call] = []
        self.compares: list[ast.Compare] = []
        self.assigns: list[ast.Assign | ast.AnnAssign | ast.AugAssign] = []
        self.dicts: list[ast.Dict] = []
        self.tries: list[ast.Try] = []
        self.functions: list[Function] = []
        self.classes: list[ast.ClassDef] = []
        self.imports: dict[str, Import] = {}
        self.bindings: dict[tuple[ast.AST | None, str], list[ast.expr]] = {}
        self._names: dict[ast.AST, str] = {}
        self._walk()

    def _walk(self) -> None:
        parents = self.parents
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            keep = _KEEP.get(type(node))
            if keep is not None:
                keep(self, node)
            children: list[ast.AST] = []
            for name in node._fields:
                value = getattr(node, name, None)
                if type(value) is list:
                    children.extend(item for item in value if isinstance(item, ast.AST))
                elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                    children.append(value)
            for child in children:
                parents[child] = node
            children.reverse()
            stack.extend(children)
        for assign in self.assigns:
            self._bind_assign(assign)

    def _bind_assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        if node.value is None or isinstance(node, ast.AugAssign):
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for left, right in pairs:
                self.bind(left, right)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        """Note that a name, or an attribute of ``self``, gets a value."""
        if isinstance(target, ast.Name):
            key = (self.scope_of(target), target.id)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            key = (None, f"{target.value.id}.{target.attr}")
        else:
            return
        self.bindings.setdefault(key, []).append(value)

    def scope_of(self, node: ast.AST) -> ast.AST:
        """The innermost function, class or module around a node."""
        current = self.parents.get(node)
        while current is not None and not isinstance(current, _SCOPES):
            current = self.parents.get(current)
        return current or self.tree

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
        """Whether a node stands somewhere in another."""
        return node is outer or any(item is outer for item in self.around(node))

    def values(self, node: ast.Name | ast.Attribute) -> list[ast.expr]:
        """What a name is set to, in the scopes that it can be seen from; innermost first."""
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name):
                return self.bindings.get((None, f"{node.value.id}.{node.attr}"), [])
            return []
        first = True
        for outer in (*self.around(node),):
            if isinstance(outer, ast.ClassDef) and not first:
                continue
            if isinstance(outer, _SCOPES):
                found = self.bindings.get((outer, node.id))
                if found:
                    return found
                if _is_parameter(outer, node.id):
                    return []
                first = False
        return []

    def named(self, name: str) -> Function | None:
        """The function of that name in this module, the first one."""
        return next((f for f in self.functions if f.name == name), None)

    def class_named(self, name: str) -> ast.ClassDef | None:
        """The class of that name in this module."""
        return next((c for c in self.classes if c.name == name), None)

    def calls_in(self, outer: ast.AST) -> Iterator[ast.Call]:
        """The calls below a node."""
        return (node for node in ast.walk(outer) if isinstance(node, ast.Call))

    def name(self, node: ast.AST) -> str:
        """Dotted name of what an expression stands for: see :mod:`buckler.scan.python.names`."""
        known = self._names.get(node)
        if known is None:
            from buckler.scan.python.names import resolve

            self._names[node] = ""
            known = self._names[node] = resolve(self, node)
        return known


def _is_parameter(scope: ast.AST, name: str) -> bool:
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return False
    return any(p.arg == name for p in parameters(scope))


def parameters(function: Function | ast.Lambda) -> list[ast.arg]:
    """All parameters of a function, in order."""
    args = function.args
    more = [a for a in (args.vararg, args.kwarg) if a is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *more]


def _with(index: Index, node: ast.AST) -> None:
    assert isinstance(node, ast.With | ast.AsyncWith)  # noqa: S101
    for item in node.items:
        if item.optional_vars is not None:
            _late.append((index, item.optional_vars, item.context_expr))


_late: list[tuple[Index, ast.expr, ast.expr]] = []
_KEEP = {
    ast.Call: lambda i, n: i.calls.append(n),
    ast.Compare: lambda i, n: i.compares.append(n),
    ast.Assign: lambda i, n: i.assigns.append(n),
    ast.AnnAssign: lambda i, n: i.assigns.append(n),
    ast.AugAssign: lambda i, n: i.assigns.append(n),
    ast.Dict: lambda i, n: i.dicts.append(n),
    ast.Try: lambda i, n: i.tries.append(n),
    ast.FunctionDef: lambda i, n: i.functions.append(n),
    ast.AsyncFunctionDef: lambda i, n: i.functions.append(n),
    ast.ClassDef: lambda i, n: i.classes.append(n),
    ast.Import: lambda i, n: i.imports.update(imports_of(n)),
    ast.ImportFrom: lambda i, n: i.imports.update(imports_of(n)),
}

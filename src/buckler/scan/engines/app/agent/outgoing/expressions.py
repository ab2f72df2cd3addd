"""Follows an answer through expressions, and learns from each what its values have to be."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional

from . import calls, conditions
from .shapes import Group, Raw, Record, Response, Shape, Status, Value

MAX_NODES = 20_000
_ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow)
_FAMILIES = ("ListComp", "SetComp", "GeneratorExp")
_STATUS = frozenset(("status_code", "status", "code"))
_TEXTS = frozenset(("text", "content", "data"))
_NOT_OURS = frozenset(
    "ok is_success is_error url request history reason reason_phrase cookies elapsed encoding"
    " raise_for_status close aclose links http_version extensions raw".split()
)


class TooMuch(Exception):
    """More code than is read for one answer."""


class Expressions:
    """Evaluates expressions of one function.

    Args:
        names: Module-level names that it sees.
        owner: The class that it is a method of.
        frame: Number of the frame that runs it, or -1 where it is only read.
        depth: How many calls deep it is read.
    """

    def __init__(
        self,
        names: Dict[str, Any],
        owner: Optional[ast.ClassDef] = None,
        frame: int = -1,
        depth: int = 0,
    ) -> None:
        self.names = names
        self.owner = owner
        self.frame = frame
        self.depth = depth
        self.local: Dict[str, Value] = {}
        self.constants: Dict[str, ast.AST] = {}
        self.functions: Dict[str, ast.AST] = {}
        self.source: Dict[int, Value] = {}
        self.budget = [MAX_NODES]

    def value(self, node: Optional[ast.AST]) -> Value:
        """What an expression is worth, as far as it comes from an answer."""
        if node is None:
            return None
        self.budget[0] -= 1
        if self.budget[0] < 0:
            raise TooMuch
        if id(node) in self.source:
            found = self.source[id(node)]
            return Group([], same=found) if calls.last_name(node) == "gather" else found
        kind = type(node).__name__
        handler = getattr(self, f"_{kind.lower()}", None)
        if handler is not None:
            result: Value = handler(node)
            return result
        if kind in _FAMILIES:
            self._generators(node.generators)  # type: ignore[attr-defined]
            elt = self.value(node.elt)  # type: ignore[attr-defined]
            return Group([], same=elt) if elt is not None else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return None

    def entered(
        self, target: Any, node: ast.Call, given: List[Value], named: Dict[str, Value]
    ) -> Value:
        """What a function of the project gives back for values of an answer; a reader knows."""
        return None

    def bind(self, target: ast.AST, value: Value) -> None:
        """Assign to a name, an attribute of ``self`` or several of them."""
        if isinstance(target, ast.Name):
            self.local[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.local[ast.unparse(target)] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, Shape):
                value.count = max(value.count, len(target.elts))
            for number, part in enumerate(target.elts):
                self.bind(part, self.item(value, number))
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)

    def item(self, value: Value, number: Optional[int] = None) -> Value:
        """An item of a sequence; any where no number is given."""
        if isinstance(value, Shape):
            if number is not None and number >= 0:
                value.count = max(value.count, number + 1)
            return value.each()
        if isinstance(value, Group):
            if number is not None and -len(value.items) <= number < len(value.items):
                found: Value = value.items[number]
                return found
            first: Value = value.first
            return first
        return value if isinstance(value, Raw) else None

    def field(self, owner: Value, key: ast.AST) -> Value:
        """What a key or an index leads to."""
        if isinstance(owner, Response):
            owner.json = True
            owner = owner.body
        if isinstance(key, ast.Name):
            key = self.constants.get(key.id, key)
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(key, ast.UnaryOp) or type(name) is int:
            return self.item(owner, name if isinstance(name, int) else None)
        if isinstance(owner, Record):
            found: Value = owner.items.get(name) if isinstance(name, str) else None
            return found
        if isinstance(owner, Group) and owner.key is not None:
            self.compared_with(owner.key, key)
            return self.item(owner)
        if isinstance(key, ast.Slice) or not isinstance(owner, Shape):
            return owner
        if isinstance(name, str):
            return owner.child(name)
        self.value(key)
        if self.frame < 0 or owner.kind == "array":
            return owner.each()
        for node, frame, known in owner.chosen:
            if frame == self.frame and ast.dump(node) == ast.dump(key):
                return known
        made = Shape()
        owner.become("object").chosen.append((key, self.frame, made))
        return made

    def compared_with(self, shape: Shape, node: ast.AST) -> None:
        """Know that a value has to be equal to an expression."""
        if isinstance(node, ast.Constant):
            shape.equals(node.value)
        elif shape.alike is None and self.frame >= 0:
            shape.alike = (node, self.frame)

    def applied(self, function: ast.AST, value: Value, *, test: bool = False) -> Value:
        """What a lambda makes of a value."""
        if not isinstance(function, ast.Lambda) or not function.args.args:
            return None
        name = function.args.args[0].arg
        before = self.local.get(name)
        self.local[name] = value
        made = None
        if test:
            conditions.tested(self, function.body, True)
        else:
            made = self.value(function.body)
        self.local[name] = before
        return made

    def _name(self, node: ast.Name) -> Value:
        return self.local.get(node.id)

    def _await(self, node: ast.Await) -> Value:
        return self.value(node.value)

    def _starred(self, node: ast.Starred) -> Value:
        return self.value(node.value)

    def _yield(self, node: ast.Yield) -> Value:
        return self.value(node.value)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    def _attribute(self, node: ast.Attribute) -> Value:
        known = self.local.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        if known is not None:
            return known
        owner = self.value(node.value)
        if isinstance(owner, Response):
            return self._of_response(owner, node.attr)
        if isinstance(owner, Shape) and node.attr not in calls.METHODS:
            return owner.child(node.attr)
        found: Value = owner.items.get(node.attr) if isinstance(owner, Record) else None
        return found

    @staticmethod
    def _of_response(response: Response, name: str) -> Value:
        if name in _STATUS:
            return Status(response)
        if name in _TEXTS:
            response.plain = True
            return Raw(response)
        if name == "headers":
            return response.headers
        if name in _NOT_OURS or name.startswith("_"):
            return None
        response.json = True
        return response.body.child(name)

    def _subscript(self, node: ast.Subscript) -> Value:
        return self.field(self.value(node.value), node.slice)

    def _call(self, node: ast.Call) -> Value:
        return calls.called(self, node)

    def _compare(self, node: ast.Compare) -> Value:
        conditions.compared(self, node, None)
        return None

    def _boolop(self, node: ast.BoolOp) -> Value:
        found = [self.value(part) for part in node.values]
        return next((value for value in found if value is not None), None)

    def _ifexp(self, node: ast.IfExp) -> Value:
        conditions.tested(self, node.test, None)
        body, orelse = self.value(node.body), self.value(node.orelse)
        return body if body is not None else orelse

    def _binop(self, node: ast.BinOp) -> Value:
        sides = (self.value(node.left), self.value(node.right))
        texts = (ast.JoinedStr,)
        textual = any(
            isinstance(n, texts) or (isinstance(n, ast.Constant) and isinstance(n.value, str))
            for n in (node.left, node.right)
        )
        found: List[Shape] = [side for side in sides if isinstance(side, Shape)]
        if isinstance(node.op, ast.BitOr):
            return found[0] if found else None
        for side in found:
            if isinstance(node.op, _ARITHMETIC) or (not textual and side.kind != "array"):
                side.become("number")
            elif isinstance(node.op, ast.Add):
                side.become("text")
        for raw in sides:
            if isinstance(raw, Raw) and not textual:
                raw.response.raw = raw.response.raw or "number"
        return None

    def _formattedvalue(self, node: ast.FormattedValue) -> Value:
        value = self.value(node.value)
        parts = getattr(node.format_spec, "values", [])
        spec = "".join(str(p.value) for p in parts if isinstance(p, ast.Constant))
        if isinstance(value, Shape) and spec and spec[-1:] in "dfeEgG%n":
            value.become("integer" if spec[-1] == "d" else "number")
        return None

    def _dict(self, node: ast.Dict) -> Value:
        items: Dict[str, Any] = {}
        for key, inner in zip(node.keys, node.values):  # noqa: B905 - Python 3.9
            value = self.value(inner)
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                items[key.value] = value
            elif key is not None:
                self.value(key)
        return Record(items) if any(v is not None for v in items.values()) else None

    def _tuple(self, node: Any) -> Value:
        items = [self.value(part) for part in node.elts]
        return Group(items) if any(item is not None for item in items) else None

    _list = _set = _tuple

    def _dictcomp(self, node: ast.DictComp) -> Value:
        self._generators(node.generators)
        key, value = self.value(node.key), self.value(node.value)
        known = key if isinstance(key, Shape) else None
        return Group([], same=value, key=known) if value is not None else None

    def _generators(self, generators: List[ast.comprehension]) -> None:
        for generator in generators:
            self.bind(generator.target, self.item(self.value(generator.iter)))
            for condition in generator.ifs:
                conditions.tested(self, condition, True)

    def _lambda(self, node: ast.Lambda) -> Value:
        return None

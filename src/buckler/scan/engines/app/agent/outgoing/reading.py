"""Reads, from the code that asked, what the answer has to hold."""

from __future__ import annotations

import ast
import dis
import inspect
import types
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from .. import state
from . import calls, conditions, stack
from .expressions import Expressions, TooMuch
from .shapes import Group, Record, Response, Shape, Value

MAX_CALLS = 4
MAX_KNOWN = 500
_known: Dict[Tuple[Any, ...], Tuple[Response, str]] = {}
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Read:
    """What was read.

    Attributes:
        response: What the answer has to hold.
        frames: Those in which names of fields that stand in variables are looked up.
        why: Why nothing could be read, or an empty text.
    """

    response: Response
    frames: List[Any]
    why: str


def read(frames: List[Any]) -> Read:
    """Follow the answer from the call that asked for it, out through its callers."""
    key = tuple((frame.f_code, frame.f_lasti) for frame in frames)
    if key not in _known:
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        response = Response()
        try:
            why = _read(frames, response)
        except TooMuch:
            why = ""
        except Exception as error:
            # Whatever the code looks like, the application goes on; the report has the reason.
            why = f"the code that asked cannot be read: {type(error).__name__}: {error}"
        _known[key] = (response, why)
    response, why = _known[key]
    return Read(response, frames, why)


def _read(frames: List[Any], response: Response) -> str:
    value: Value = response
    before: Optional[ast.AST] = None
    for number, frame in enumerate(frames):
        filename = frame.f_code.co_filename
        function = stack.function_at(filename, frame.f_lineno)
        if function is None:
            return "the code that asked cannot be read" if number == 0 else ""
        if function is before:
            continue  # a comprehension's own frame
        before = function
        call = stack.call_at(frame, function)
        if call is None:
            return "the call that asked was not found in the code" if number == 0 else ""
        reader = Reader(frame.f_globals, _class_of(filename, function), number)
        reader.source[id(call)] = value
        value = reader.function(function)
        if value is None:
            return ""
    if before is not None and frames:
        _depending(frames[-1], before, value, response)
    return "" if frames else "no code of the project asked for it"


def _depending(frame: Any, function: ast.AST, value: Value, response: Response) -> None:
    """Follow what a dependency gives into the operations of its module."""
    module = stack.tree(frame.f_code.co_filename)
    name = getattr(function, "name", "")
    if module is None or not name:
        return
    for other in module.body:
        if isinstance(other, _Function) and other is not function:
            arguments = [*other.args.posonlyargs, *other.args.args, *other.args.kwonlyargs]
            positional = [*other.args.posonlyargs, *other.args.args]
            defaults = dict(
                zip(  # noqa: B905 - Python 3.9
                    [a.arg for a in reversed(positional)], reversed(other.args.defaults)
                )
            )
            defaults.update(
                (a.arg, d)
                for a, d in zip(other.args.kwonlyargs, other.args.kw_defaults)  # noqa: B905
                if d is not None
            )
            for argument in arguments:
                spelled = [defaults.get(argument.arg), argument.annotation]
                if any(node is not None and _depends(node, name) for node in spelled):
                    reader = Reader(frame.f_globals)
                    reader.local[argument.arg] = value
                    reader.function(other)


def _depends(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(inner, ast.Call)
        and calls.last_name(inner) in ("Depends", "Security")
        and any(calls.last_name(argument) == name for argument in inner.args)
        for inner in ast.walk(node)
    )


def _class_of(filename: str, function: ast.AST) -> Optional[ast.ClassDef]:
    module = stack.tree(filename)
    for node in ast.walk(module) if module is not None else ():
        if isinstance(node, ast.ClassDef) and function in node.body:
            return node
    return None


def _first_line(code: types.CodeType) -> int:
    """A line of the function's body: its first is that of a decorator."""
    return max((line for _, line in dis.findlinestarts(code) if line), default=code.co_firstlineno)


class Reader(Expressions):
    """Reads the statements of one function."""

    def entered(
        self, target: Any, node: ast.Call, given: List[Value], named: Dict[str, Value]
    ) -> Value:
        """What a function of the project gives back for values of an answer.

        Args:
            target: What the call's name stands for in the module.
            node: The call.
            given: The values of its arguments.
            named: The same, by name.
        """
        if isinstance(target, types.FunctionType):
            code = inspect.unwrap(target).__code__
            if not state.in_project(code.co_filename):
                return None
            function = stack.function_at(code.co_filename, _first_line(code))
            owner = _class_of(code.co_filename, function) if function is not None else None
            return self._inside(function, owner, target.__globals__, node, given, named)
        name = calls.last_name(node)
        if isinstance(node.func, ast.Name):
            found = self.functions.get(name)
            return self._inside(found, self.owner, self.names, node, given, named)
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(inner, ast.Name) and inner.id in ("self", "cls") and self.owner is not None:
            for item in self.owner.body:
                if isinstance(item, _Function) and item.name == name:
                    return self._inside(item, self.owner, self.names, node, given, named)
        return None

    def _inside(
        self,
        function: Any,
        owner: Optional[ast.ClassDef],
        names: Dict[str, Any],
        call: ast.Call,
        given: List[Value],
        named: Dict[str, Value],
    ) -> Value:
        if self.depth >= MAX_CALLS or not isinstance(function, _Function):
            return None
        inner = Reader(names, owner, depth=self.depth + 1)
        inner.budget = self.budget
        arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        if owner is not None and arguments[:1] in (["self"], ["cls"]):
            arguments = arguments[1:]
        inner.local.update(zip(arguments, given))  # noqa: B905 - fewer may be given
        inner.local.update(named)
        defaults = function.args.defaults
        spelled = dict(zip(reversed(arguments), reversed(defaults)))  # noqa: B905 - the last ones
        spelled.update(zip(arguments, call.args))  # noqa: B905 - fewer may be given
        spelled.update((k.arg, k.value) for k in call.keywords if k.arg)
        inner.constants = {k: v for k, v in spelled.items() if isinstance(v, ast.Constant)}
        return inner.function(function)

    def function(self, node: Any) -> Value:
        """What it gives back, as far as it comes from an answer."""
        self.returned: List[Value] = []
        self.block(node.body)
        value = next((v for v in self.returned if v is not None), None)
        for schema in self._promised(node):
            _fit(value, schema)
        return value

    def _promised(self, node: Any) -> List[Dict[str, Any]]:
        """What the answer of an operation is checked with."""
        found = [
            calls.annotated(self, keyword.value)
            for decorator in getattr(node, "decorator_list", ())
            if isinstance(decorator, ast.Call)
            for keyword in decorator.keywords
            if keyword.arg == "response_model"
        ]
        returns = getattr(node, "returns", None)
        return [s for s in (*found, calls.annotated(self, returns)) if s]

    def block(self, body: List[ast.stmt]) -> None:
        """Read statements in order."""
        for number, statement in enumerate(body):
            if isinstance(statement, ast.If):
                conditions.tested(
                    self, statement.test, conditions.wanted(statement, body[number + 1 :])
                )
                self.block(statement.body)
                self.block(statement.orelse)
            else:
                self._statement(statement)

    def _statement(self, node: Any) -> None:
        if isinstance(node, _Function):
            self.functions[node.name] = node
        elif isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self.bind(target, value)
        elif isinstance(node, ast.AnnAssign):
            value = self.value(node.value)
            if isinstance(value, Shape):
                value.fits(calls.annotated(self, node.annotation))
            self.bind(node.target, value)
        elif isinstance(node, ast.AugAssign):
            value = self.value(node.value)
            if isinstance(value, Shape) and not isinstance(node.op, ast.BitOr):
                value.become("number")
        elif isinstance(node, ast.Return):
            self.returned.append(self.value(node.value))
        elif isinstance(node, ast.Assert):
            conditions.tested(self, node.test, True)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.bind(node.target, self.item(self.value(node.iter)))
            self._blocks(node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                value = self.value(item.context_expr)
                if item.optional_vars is not None:
                    self.bind(item.optional_vars, value)
            self._blocks(node)
        elif not isinstance(node, ast.ClassDef):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    found = self.value(child)
                    if isinstance(child, ast.Yield):
                        self.returned.append(found)
            self._blocks(node)

    def _blocks(self, node: Any) -> None:
        self.block(getattr(node, "body", []))
        for handler in getattr(node, "handlers", ()):
            self.block(handler.body)
        self.block(getattr(node, "orelse", []))
        self.block(getattr(node, "finalbody", []))


def _fit(value: Value, schema: Dict[str, Any]) -> None:
    """Know that a schema checks a value, whatever it is put together of."""
    if isinstance(value, Shape):
        value.fits(schema)
    elif isinstance(value, Group) and isinstance(schema.get("items"), dict):
        _fit(value.first, {"$defs": schema.get("$defs", {}), **schema["items"]})
    elif isinstance(value, Record):
        for name, item in value.items.items():
            inner = (schema.get("properties") or {}).get(name)
            if isinstance(inner, dict):
                _fit(item, {"$defs": schema.get("$defs", {}), **inner})

"""Where the parameters of a function stand, and where a new one belongs among them."""

from __future__ import annotations

import ast

from buckler.core.errors import RepairError
from buckler.scan.fix.brackets import Brackets
from buckler.scan.fix.text import Text
from buckler.scan.python.index import Function


def place_of(text: Text, statement: ast.stmt) -> int:
    """Where a statement begins, the first of its decorators included."""
    decorators = getattr(statement, "decorator_list", ())
    if not decorators:
        return text.span(statement)[0]
    start = text.span(decorators[0])[0]
    return text.text.rindex("@", 0, start)


def parameter_brackets(text: Text, function: Function, added: str) -> tuple[Brackets, int]:
    """The parameters between their brackets, and the index at which a new one is put.

    Raises:
        RepairError: The signature cannot be read, or has a parameter of that name.
    """
    new = _parameter(added)
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    starred = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    nodes = [*plain, *arguments.kwonlyargs, *starred]
    if any(node.arg == new.args.args[0].arg for node in nodes):
        raise RepairError(f"{function.name} has a parameter {new.args.args[0].arg} already")
    ends: dict[ast.arg, ast.expr] = dict(
        zip(reversed(plain), reversed(arguments.defaults), strict=False)
    )
    for node, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            ends[node] = default
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    spans = [(text.span(n)[0], text.span(ends.get(n, n))[1]) for n in nodes]
    opening, closing = _parentheses(text, function, spans)
    brackets = Brackets(text, opening, closing, spans)
    if new.args.defaults:
        before = arguments.kwarg
    else:
        first = next((node for node in plain if node in ends), None)
        before = first or arguments.kwarg
    index = nodes.index(before) if before is not None else len(nodes)
    bare_star = arguments.kwonlyargs and arguments.vararg is None
    if before is not None and before in plain and bare_star and index >= len(plain):
        index = len(nodes)
    return brackets, index


def _parameter(added: str) -> ast.FunctionDef:
    try:
        parsed = ast.parse(f"def f({added}): ...").body[0]
    except SyntaxError as error:
        raise RepairError(f"{added!r} is no parameter") from error
    if not isinstance(parsed, ast.FunctionDef) or len(parsed.args.args) != 1:
        raise RepairError(f"{added!r} is not one parameter")
    return parsed


def _parentheses(text: Text, function: Function, spans: list[tuple[int, int]]) -> tuple[int, int]:
    start = text.offset(function.lineno, function.col_offset)
    end = text.span(function.body[0])[0]
    types = getattr(function, "type_params", None)
    behind = text.span(types[-1])[1] if types else start
    opening = text.text.find("(", behind, spans[0][0] if spans else end)
    if opening < 0:
        raise RepairError(f"the parameters of {function.name} were not found")
    closing = -1
    for at, letter in text.significant(spans[-1][1] if spans else opening + 1, end):
        if letter == ")":
            closing = at
        elif letter not in ",/*":
            break
    if closing < 0:
        raise RepairError(f"the parameters of {function.name} were not found")
    return opening, closing

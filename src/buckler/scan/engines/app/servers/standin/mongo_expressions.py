"""Aggregation expressions: paths, variables, literals, and the operators that decide what is evaluated.

The operators that only work on values are in modules of their own, by what they work on. JavaScript
(``$function``, ``$accumulator``) is never run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import Date, Document, Undefined
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError, failed
from buckler.scan.engines.app.servers.standin.mongo_functions import FUNCTIONS
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, Missing
from buckler.scan.engines.app.servers.standin.mongo_paths import value_at

Variables: TypeAlias = Mapping[str, Any]
Special: TypeAlias = Callable[[Any, Document, Variables], Any]


def evaluate(expression: Any, document: Document, variables: Variables | None = None) -> Any:
    """The value of an expression for a document; ``MISSING`` where it names what is not there.

    Raises:
        MongoError: It is no expression, or its operands do not fit.
    """
    known = variables or {}
    if isinstance(expression, str) and expression.startswith("$"):
        return _path(expression, document, known)
    if isinstance(expression, list):
        items = (evaluate(item, document, known) for item in expression)
        return [None if isinstance(item, Missing) else item for item in items]
    if isinstance(expression, dict):
        return _object(expression, document, known)
    return expression


def truth(value: Any) -> bool:
    """Whether a value counts as true: everything but false, null, zero and what is not there."""
    if isinstance(value, Missing | Undefined) or value is None or value is False:
        return False
    return not (isinstance(value, int | float) and value == 0)


def _path(expression: str, document: Document, variables: Variables) -> Any:
    if not expression.startswith("$$"):
        if len(expression) == 1:
            raise MongoError(16872, "'$' by itself is not a valid FieldPath")
        return value_at(variables.get("CURRENT", document), expression[1:].split("."))
    name, *rest = expression[2:].split(".")
    if name in variables:
        return value_at(variables[name], rest)
    match name:
        case "ROOT" | "CURRENT":
            return value_at(document, rest)
        case "REMOVE":
            return MISSING
        case "NOW":
            return Date(time.time_ns() // 1_000_000)
    raise MongoError(17276, f"Use of undefined variable: {name}")


def _object(expression: Document, document: Document, variables: Variables) -> Any:
    name = next(iter(expression), "")
    if not name.startswith("$"):
        made = {key: evaluate(item, document, variables) for key, item in expression.items()}
        return {key: item for key, item in made.items() if not isinstance(item, Missing)}
    if len(expression) != 1:
        raise MongoError(
            15983, "an object representing an expression must have exactly one field: " + name
        )
    operand = expression[name]
    special = _SPECIAL.get(name)
    if special is not None:
        return special(operand, document, variables)
    function = FUNCTIONS.get(name)
    if function is None:
        raise MongoError(168, f"Unrecognized expression '{name}'")
    if function.named:
        value = evaluate(operand, document, variables)
        if not isinstance(operand, dict) or not isinstance(value, dict):
            raise failed(f"{name} takes an object with named arguments")
        return function.run(value)
    items = operand if isinstance(operand, list) else [operand]
    arguments = [evaluate(item, document, variables) for item in items]
    if not function.least <= len(arguments) <= function.most:
        raise MongoError(16020, f"Expression {name} takes other than {len(arguments)} arguments")
    return function.run(*arguments)


def _operands(operand: Any, *names: str, optional: tuple[str, ...] = ()) -> list[Any]:
    """The named operands of an operator, in order; None for those that may be left out."""
    if not isinstance(operand, dict):
        raise failed("an object is expected here")
    for name in operand:
        if name not in (*names, *optional):
            raise failed(f"unknown argument: {name}")
    for name in names:
        if name not in operand:
            raise failed(f"missing argument: {name}")
    return [operand.get(name) for name in (*names, *optional)]


def _cond(operand: Any, document: Document, variables: Variables) -> Any:
    if isinstance(operand, list):
        if len(operand) != 3:
            raise MongoError(16020, "Expression $cond takes exactly 3 arguments")
        condition, then, otherwise = operand
    else:
        condition, then, otherwise = _operands(operand, "if", "then", "else")
    chosen = then if truth(evaluate(condition, document, variables)) else otherwise
    return evaluate(chosen, document, variables)


def _if_null(operand: Any, document: Document, variables: Variables) -> Any:
    if not isinstance(operand, list) or len(operand) < 2:
        raise MongoError(1257300, "$ifNull needs at least two arguments")
    for item in operand[:-1]:
        value = evaluate(item, document, variables)
        if value is not None and not isinstance(value, Missing | Undefined):
            return value
    return evaluate(operand[-1], document, variables)


def _switch(operand: Any, document: Document, variables: Variables) -> Any:
    branches, default = _operands(operand, "branches", optional=("default",))
    for branch in branches if isinstance(branches, list) else ():
        case, then = _operands(branch, "case", "then")
        if truth(evaluate(case, document, variables)):
            return evaluate(then, document, variables)
    if "default" not in operand:
        raise MongoError(40066, "$switch could not find a matching branch, and has no default")
    return evaluate(default, document, variables)


def _and(operand: Any, document: Document, variables: Variables) -> bool:
    items = operand if isinstance(operand, list) else [operand]
    return all(truth(evaluate(item, document, variables)) for item in items)


def _or(operand: Any, document: Document, variables: Variables) -> bool:
    items = operand if isinstance(operand, list) else [operand]
    return any(truth(evaluate(item, document, variables)) for item in items)


def _not(operand: Any, document: Document, variables: Variables) -> bool:
    item = operand[0] if isinstance(operand, list) and len(operand) == 1 else operand
    return not truth(evaluate(item, document, variables))


def _let(operand: Any, document: Document, variables: Variables) -> Any:
    given, inner = _operands(operand, "vars", "in")
    if not isinstance(given, dict):
        raise failed("invalid parameter: expected an object (vars)")
    named = {name: evaluate(item, document, variables) for name, item in given.items()}
    return evaluate(inner, document, {**variables, **named})


def _array(value: Any, name: str) -> list[Any] | None:
    if value is None or isinstance(value, Missing):
        return None
    if not isinstance(value, list):
        raise MongoError(28651, f"input to {name} must be an array")
    return value


def _filter(operand: Any, document: Document, variables: Variables) -> Any:
    given, condition, name, limit = _operands(operand, "input", "cond", optional=("as", "limit"))
    items = _array(evaluate(given, document, variables), "$filter")
    if items is None:
        return None
    name = name or "this"
    kept = [i for i in items if truth(evaluate(condition, document, {**variables, name: i}))]
    most = evaluate(limit, document, variables)
    return kept[:most] if isinstance(most, int) and most > 0 else kept


def _map(operand: Any, document: Document, variables: Variables) -> Any:
    given, inner, name = _operands(operand, "input", "in", optional=("as",))
    items = _array(evaluate(given, document, variables), "$map")
    if items is None:
        return None
    made = (evaluate(inner, document, {**variables, name or "this": item}) for item in items)
    return [None if isinstance(item, Missing) else item for item in made]


def _reduce(operand: Any, document: Document, variables: Variables) -> Any:
    given, start, inner = _operands(operand, "input", "initialValue", "in")
    items = _array(evaluate(given, document, variables), "$reduce")
    if items is None:
        return None
    value = evaluate(start, document, variables)
    for item in items:
        value = evaluate(inner, document, {**variables, "this": item, "value": value})
    return value


def _javascript(_: Any, __: Document, ___: Variables) -> Any:
    raise MongoError(31264, "the stand-in runs no JavaScript")


_SPECIAL: Mapping[str, Special] = {
    "$literal": lambda operand, _, __: operand,
    "$cond": _cond,
    "$ifNull": _if_null,
    "$switch": _switch,
    "$and": _and,
    "$or": _or,
    "$not": _not,
    "$let": _let,
    "$filter": _filter,
    "$map": _map,
    "$reduce": _reduce,
    "$function": _javascript,
    "$accumulator": _javascript,
    "$meta": lambda _, __, ___: 1.0,
    "$expr": evaluate,
}

"""Which keys a dictionary has when it is used: literals, updates and helpers followed."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from buckler.scan.python.constants import class_behind, value_of
from buckler.scan.python.index import Function, Index, argument, last, parameters
from buckler.scan.python.modules import definition

MAX_DEPTH = 5
_COPIES = frozenset({"copy", "deepcopy", "dict", "cast", "jsonable_encoder"})


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a dictionary; ``whole`` says that there are no others."""

    names: frozenset[str] = frozenset()
    whole: bool = True

    def __or__(self, other: Keys) -> Keys:
        return Keys(self.names | other.names, self.whole and other.whole)


UNKNOWN = Keys(whole=False)


def keys_of(index: Index, node: ast.expr, depth: int = 0) -> Keys:
    """The keys of a dictionary at the place where it is used."""
    if depth > MAX_DEPTH:
        return UNKNOWN
    match node:
        case ast.Dict():
            return _of_literal(index, node, depth)
        case ast.BinOp(op=ast.BitOr()):
            return keys_of(index, node.left, depth + 1) | keys_of(index, node.right, depth + 1)
        case ast.Await():
            return keys_of(index, node.value, depth)
        case ast.Name():
            return _of_name(index, node, depth)
        case ast.Call():
            return _of_call(index, node, depth)
    return UNKNOWN


def _of_literal(index: Index, node: ast.Dict, depth: int) -> Keys:
    found = Keys()
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            found |= keys_of(index, value, depth + 1)
        else:
            named = value_of(index, key)
            known = named is not None and isinstance(named.value, str)
            found |= Keys(frozenset({str(named.value)})) if named is not None and known else UNKNOWN
    return found


def _of_name(index: Index, node: ast.Name, depth: int) -> Keys:
    function = index.function_of(node)
    found = _changes(index, node, function, depth)
    values = index.values(node)
    for value in values:
        found |= keys_of(index, value, depth + 1)
    if values:
        return found
    if function is None or index.parameter(node) is None:
        other = definition(index, node)
        if other is not None and isinstance(other[1], ast.expr):
            return found | keys_of(other[0], other[1], depth + 1)
        return UNKNOWN
    return found | _given(index, function, node.id, depth)


def _given(index: Index, function: Function, name: str, depth: int) -> Keys:
    """What the callers in this module have in common in what they give."""
    at = [p.arg for p in parameters(function) if p.arg not in ("self", "cls")].index(name)
    given = [argument(call, name, at) for call in index.callers(function)]
    found = [keys_of(index, item, depth + 1) for item in given if item is not None]
    if not found:
        return UNKNOWN
    poorest = min(found, key=lambda keys: (not keys.whole, len(keys.names)))
    return poorest if poorest.whole else UNKNOWN


def _changes(index: Index, node: ast.Name, function: Function | None, depth: int) -> Keys:
    """Keys that are added to a dictionary after it was made."""
    found = Keys()
    for item in ast.walk(function or index.tree):
        if (
            isinstance(item, ast.Subscript)
            and isinstance(item.ctx, ast.Store)
            and last(item.value) == node.id
        ):
            named = value_of(index, item.slice)
            found |= Keys(frozenset({str(named.value)})) if named else UNKNOWN
        elif isinstance(item, ast.AugAssign) and last(item.target) == node.id:
            found |= keys_of(index, item.value, depth + 1)
        elif isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute):
            if last(item.func.value) == node.id and item.func.attr in ("update", "setdefault"):
                found |= _updated(index, item, depth)
        elif isinstance(item, ast.Call) and any(last(a) == node.id for a in item.args):
            found |= _passed(index, item, depth)
    return found


def _updated(index: Index, call: ast.Call, depth: int) -> Keys:
    names = frozenset(k.arg for k in call.keywords if k.arg is not None)
    if last(call.func) == "setdefault":
        named = value_of(index, call.args[0]) if call.args else None
        return Keys(frozenset({str(named.value)})) if named else UNKNOWN
    found = Keys(names)
    for item in call.args:
        found |= keys_of(index, item, depth + 1)
    return found if all(k.arg is not None for k in call.keywords) else UNKNOWN


def _passed(index: Index, call: ast.Call, depth: int) -> Keys:
    """A helper of the project may add keys to the dictionary that it is given."""
    other = definition(index, call.func)
    if other is None or not isinstance(other[1], ast.FunctionDef | ast.AsyncFunctionDef):
        return Keys()
    added = {
        item.slice.value
        for item in ast.walk(other[1])
        if isinstance(item, ast.Subscript)
        and isinstance(item.ctx, ast.Store)
        and isinstance(item.slice, ast.Constant)
        and isinstance(item.slice.value, str)
    }
    return Keys(frozenset(added))


def _of_call(index: Index, node: ast.Call, depth: int) -> Keys:
    name = last(node.func)
    if name in _COPIES:
        named = frozenset(k.arg for k in node.keywords if k.arg is not None)
        found = Keys(named, all(k.arg is not None for k in node.keywords))
        source = node.args[-1:] if name == "cast" else node.args
        if isinstance(node.func, ast.Attribute) and name == "copy" and not node.args:
            source = [node.func.value]
        for item in source:
            found |= keys_of(index, item, depth + 1)
        return found
    if name in ("model_dump", "dict", "_asdict") and isinstance(node.func, ast.Attribute):
        return _fields(index, node.func.value)
    if name in ("asdict",) and node.args:
        return _fields(index, node.args[0])
    other = definition(index, node.func)
    if (
        other is None
        and isinstance(node.func, ast.Attribute)
        and last(node.func.value) in ("self", "cls")
    ):
        method = index.function(name)
        other = (index, method) if method is not None else None
    if other is None or not isinstance(other[1], ast.FunctionDef | ast.AsyncFunctionDef):
        return UNKNOWN
    returns = [
        n.value for n in ast.walk(other[1]) if isinstance(n, ast.Return) and n.value is not None
    ]
    found = Keys(whole=bool(returns))
    for item in returns:
        found |= keys_of(other[0], item, depth + 1)
    return found


def _fields(index: Index, node: ast.expr) -> Keys:
    owner = class_behind(index, node)
    if owner is None or not isinstance(owner[1], ast.ClassDef):
        return UNKNOWN
    names = {last(i.target) for i in owner[1].body if isinstance(i, ast.AnnAssign)}
    plain = all(
        last(base) in ("BaseModel", "TypedDict", "NamedTuple", "object") for base in owner[1].bases
    )
    return Keys(frozenset(names), plain)

"""Whether an expression is text or bytes, and whether it may be None, as far as source shows it.

``compare_digest`` raises for None, for text beyond ASCII, and for text beside bytes (documentation of
Python, ``hmac``), so a repair has to know.
"""

from __future__ import annotations

import ast

from buckler.scan.python.constants import class_behind
from buckler.scan.python.index import Index, argument, default_of, last

TEXT, BYTES, MAYBE, UNKNOWN = "text", "bytes", "text or None", ""
_DEEPEST = 5
_METHODS = {
    "hexdigest": TEXT,
    "decode": TEXT,
    "get_secret_value": TEXT,
    "hex": TEXT,
    "digest": BYTES,
    "encode": BYTES,
    "tobytes": BYTES,
}
_SAME = frozenset(
    {"strip", "lower", "upper", "removeprefix", "removesuffix", "replace", "rstrip", "lstrip"}
)
_CALLS = {
    "str()": TEXT,
    "bytes()": BYTES,
    "base64.b64encode()": BYTES,
    "base64.urlsafe_b64encode()": BYTES,
    "base64.b64decode()": BYTES,
    "base64.urlsafe_b64decode()": BYTES,
    "hmac.digest()": BYTES,
    "secrets.token_hex()": TEXT,
    "secrets.token_urlsafe()": TEXT,
    "secrets.token_bytes()": BYTES,
}
_MAPPINGS = frozenset({"headers", "cookies", "query_params", "environ"})
_CREDENTIALS = ("HTTPBasicCredentials()", "HTTPAuthorizationCredentials()")
_ANNOTATED = {"str": TEXT, "bytes": BYTES, "SecretStr": UNKNOWN}


def kind_of(index: Index, node: ast.expr, depth: int = 0) -> str:
    """One of the constants of this module."""
    if depth > _DEEPEST:
        return UNKNOWN
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return TEXT
        case ast.Constant(value=bytes()):
            return BYTES
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _both(kind_of(index, left, depth + 1), kind_of(index, right, depth + 1))
        case ast.BoolOp(op=ast.Or(), values=values):
            return _either([kind_of(index, value, depth + 1) for value in values])
        case ast.Await(value=inner):
            return kind_of(index, inner, depth)
        case ast.Call():
            return _of_call(index, node, depth)
        case ast.Subscript(value=inner) if last(inner) in _MAPPINGS:
            return TEXT
        case ast.Attribute():
            return _of_attribute(index, node)
        case ast.Name():
            return _of_name(index, node, depth)
    return UNKNOWN


def _both(one: str, other: str) -> str:
    return one if one == other and one in (TEXT, BYTES) else UNKNOWN


def _either(kinds: list[str]) -> str:
    """Of ``a or b``: the last one decides whether it may be None."""
    *first, final = kinds
    if final in (TEXT, MAYBE) and all(kind in (TEXT, MAYBE) for kind in first):
        return final
    return final if all(kind == final for kind in first) else UNKNOWN


def _of_call(index: Index, call: ast.Call, depth: int) -> str:
    name = f"{index.name(call.func)}()"
    if name in _CALLS:
        return _CALLS[name]
    method = last(call.func)
    read = name in ("os.getenv()", "os.environ.get()")
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value
        read = read or (method == "get" and last(owner) in _MAPPINGS)
        if not read and method in _METHODS:
            return _METHODS[method]
        if not read and method in _SAME:
            return kind_of(index, owner, depth + 1)
    if read:
        default = call.args[1] if len(call.args) > 1 else None
        return TEXT if default is not None and kind_of(index, default, depth + 1) == TEXT else MAYBE
    function = index.function(method) if isinstance(call.func, ast.Name) else None
    return _annotated(index, function.returns) if function is not None else UNKNOWN


def _of_attribute(index: Index, node: ast.Attribute) -> str:
    if index.name(node.value).endswith(_CREDENTIALS):
        return TEXT if node.attr in ("username", "password", "credentials", "scheme") else UNKNOWN
    behind = class_behind(index, node.value)
    if behind is None or not isinstance(behind[1], ast.ClassDef):
        return UNKNOWN
    for statement in behind[1].body:
        if isinstance(statement, ast.AnnAssign) and last(statement.target) == node.attr:
            kind = _annotated(behind[0], statement.annotation)
            return _defaulted(behind[0], kind, statement.value)
    return UNKNOWN


def _of_name(index: Index, node: ast.Name, depth: int) -> str:
    parameter = index.parameter(node)
    values = index.values(node)
    if parameter is not None and not values:
        kind = _annotated(index, parameter.annotation)
        function = index.function_of(node)
        default = default_of(function, node.id) if function is not None else None
        return _defaulted(index, kind, default)
    kinds = {kind_of(index, value, depth + 1) for value in values}
    return kinds.pop() if len(kinds) == 1 else UNKNOWN


def _defaulted(index: Index, kind: str, default: ast.expr | None) -> str:
    """A kind beside a default: ``key: str = Header(None)`` may be None whatever it is called."""
    if default is None or not _may_be_none(index, default):
        return kind
    return MAYBE if kind in (TEXT, MAYBE) else UNKNOWN


def _may_be_none(index: Index, default: ast.expr) -> bool:
    """Whether a default is None, as it is or in ``Header(None)``, or is made by something that may say so."""
    for value in (default, *index.values(default)):
        if _is_none(value):
            return True
        if not isinstance(value, ast.Call):
            continue
        if last(value.func) in ("Depends", "Security"):
            given = argument(value, "dependency", 0)
            made = [given, *(index.values(given) if given is not None else [])]
            if any(isinstance(m, ast.Call) and argument(m, "auto_error") is not None for m in made):
                return True
            continue
        inner = argument(value, "default", 0)
        if argument(value, "default_factory") is not None or (
            inner is not None and _may_be_none(index, inner)
        ):
            return True
    return False


def _annotated(index: Index, node: ast.expr | None) -> str:
    match node:
        case ast.Name(id=name):
            return _ANNOTATED.get(name, UNKNOWN)
        case ast.Subscript(value=outer, slice=inner) if last(outer) == "Annotated":
            first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            return _annotated(index, first)
        case ast.Subscript(value=outer, slice=inner) if last(outer) == "Optional":
            return MAYBE if _annotated(index, inner) == TEXT else UNKNOWN
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            sides = [side for side in (left, right) if not _is_none(side)]
            kind = _annotated(index, sides[0]) if len(sides) == 1 else UNKNOWN
            return MAYBE if kind == TEXT else UNKNOWN
    return UNKNOWN


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None

"""Which comparisons hold a secret against something that was sent: CWE-208."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.configured import is_configured, is_settings
from buckler.scan.python.constants import value_of
from buckler.scan.python.handlers import comes_with_request
from buckler.scan.python.index import Index, last
from buckler.scan.python.modules import definition
from buckler.scan.python.passwords import is_stored_password
from buckler.scan.python.words import kind, may_be_key, name_of, root_of, words

_FORM = re.compile(
    r"confirm|repeat|again|retype|verify|second|old|current|new|previous|username|email",
    re.IGNORECASE,
)

_VALIDATORS = (
    "validator",
    "field_validator",
    "model_validator",
    "root_validator",
    "validates",
    "validate",
)

_WORDS = frozenset(
    {"bearer", "basic", "access", "refresh", "none", "null", "true", "false", "undefined", "digest"}
)

_OWNERS = frozenset(
    "api access auth reset csrf xsrf session verification webhook admin internal invite refresh device form".split()
)


def secret(index: Index, left: ast.expr, right: ast.expr) -> str:
    """What is compared, for people; an empty text where it is no secret."""
    for side, other in ((left, right), (right, left)):
        if _is_mac(index, side) and not _is_constant(other):
            return "A signature"
    names = [_names(side) for side in (left, right)]
    kinds = [{kind(n) for n in found} - {""} for found in names]
    strong = {"password", "secret", "key", "token", "signature", "code"}
    both = kinds[0] | kinds[1]
    if not both & strong:
        return "A key" if _is_key_of_ours(index, left, right, names) else ""
    if both <= {"token", "signature", "code"}:
        owned = any(words(n)[-2:-1] and words(n)[-2] in _OWNERS for found in names for n in found)
        told = any(is_configured(index, s) or comes_with_request(index, s) for s in (left, right))
        if not told and not (owned and all(kinds)):
            return ""
    first = sorted(both & strong)[0]
    return {"code": "A one-time code", "key": "An API key"}.get(first, f"A {first}")


def _is_key_of_ours(index: Index, left: ast.expr, right: ast.expr, names: list[list[str]]) -> bool:
    """Whether one side is a key of the configuration and the other came with the request."""
    sides = ((left, right, names[0]), (right, left, names[1]))
    return any(
        any(may_be_key(name) for name in called)
        and is_configured(index, ours)
        and not _is_constant(ours)
        and comes_with_request(index, sent)
        for ours, sent, called in sides
    )


def _names(node: ast.expr) -> list[str]:
    """The names that a side of a comparison is known by; those in an f-string too."""
    if isinstance(node, ast.JoinedStr):
        return [name_of(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (node.left, node.right)
        numbers = any(
            isinstance(s, ast.Constant) and not isinstance(s.value, str | bytes) for s in sides
        )
        return [] if numbers else [*_names(node.left), *_names(node.right)]
    if isinstance(node, ast.Call) and last(node.func) in ("getenv",) and node.args:
        return [str(node.args[0].value)] if isinstance(node.args[0], ast.Constant) else []
    name = name_of(node)
    return [name] if name else []


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _is_mac(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is made by ``hmac``, here or in a helper of the project.

    What was only looked up by such a code is none.
    """
    if depth > 6:
        return False
    if isinstance(node, ast.Await | ast.Subscript | ast.FormattedValue):
        return _is_mac(index, node.value, depth + 1)
    if isinstance(node, ast.JoinedStr):
        return any(_is_mac(index, part, depth + 1) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _is_mac(index, node.left, depth + 1) or _is_mac(index, node.right, depth + 1)
    if isinstance(node, ast.Name):
        return any(_is_mac(index, value, depth + 1) for value in index.values(node))
    return isinstance(node, ast.Call) and _gives_mac(index, node, depth)


def _gives_mac(index: Index, call: ast.Call, depth: int) -> bool:
    name = last(call.func)
    if index.name(call.func).startswith("hmac.") and name in ("new", "digest", "hexdigest"):
        return True
    if name in _WRITTEN and isinstance(call.func, ast.Attribute) and not call.args:
        return _is_mac(index, call.func.value, depth + 1)
    if name in _WRITTEN and call.args:
        inner = [call.args[0]]
        module = index.name(call.func).rpartition(".")[0]
        if isinstance(call.func, ast.Attribute) and module != "base64":
            inner.append(call.func.value)
        return any(_is_mac(index, item, depth + 1) for item in inner)
    made = definition(index, call.func)
    if made is None or not isinstance(made[1], ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    returns = [n.value for n in ast.walk(made[1]) if isinstance(n, ast.Return) and n.value]
    return any(_is_mac(made[0], value, depth + 1) for value in returns)


_WRITTEN = frozenset(
    {"hexdigest", "digest", "decode", "encode", "lower", "upper", "strip", "rstrip", "hex", "str"}
    | {"b64encode", "urlsafe_b64encode", "hexlify", "b32encode", "bytes", "format"}
)
"""Ways of writing the same code down."""


def harmless(index: Index, node: ast.Compare, left: ast.expr, right: ast.expr) -> bool:
    """Whether nobody gains by the time that a comparison takes, or it is none in Python."""
    for side, other in ((left, right), (right, left)):
        if (
            isinstance(side, ast.Attribute)
            and side.attr.isupper()
            and last(side.value)[:1].isupper()
        ):
            return True  # a member of an enumeration
        if isinstance(side, ast.Constant) and not _is_real_constant(side, other):
            return True
        if isinstance(other, ast.Call) and last(other.func) in (
            "len",
            "type",
            "id",
            "hash",
            "count",
        ):
            return True
    if isinstance(left, ast.Call | ast.Attribute | ast.Name) and all(
        _is_ours(index, side) for side in (left, right)
    ):
        return True
    if any(root_of(side)[:1].isupper() and not root_of(side).isupper() for side in (left, right)):
        return True  # User.api_key == key is a condition of an SQL statement
    if is_stored_password(index, left, right):
        return True  # AUT010 says it, and the same change closes both
    function = index.function_of(node)
    if function is not None:
        if function.name in ("__eq__", "__ne__", "__lt__", "__hash__"):
            return True
        if any(
            last(d.func if isinstance(d, ast.Call) else d) in _VALIDATORS
            for d in function.decorator_list
        ):
            return True
    return _one_form(left, right)


def _is_real_constant(side: ast.Constant, other: ast.expr) -> bool:
    value = side.value.decode("latin-1") if isinstance(side.value, bytes) else side.value
    if (
        not isinstance(value, str)
        or len(value) < 6
        or value.lower() in _WORDS
        or " " in value.strip()
    ):
        return False
    strong = {kind(n) for n in _names(other)} & {"password", "secret", "key"}
    return bool(strong) or ((any(c.isdigit() for c in value) or "-" in value) and len(value) >= 8)


def _is_ours(index: Index, node: ast.expr) -> bool:
    """Whether a value has nothing to do with a request: a setting against a constant."""
    if _is_constant(node) or is_configured(index, node):
        return True
    return (
        isinstance(node, ast.Name)
        and value_of(index, node) is not None
        and index.parameter(node) is None
    )


def _one_form(left: ast.expr, right: ast.expr) -> bool:
    """Two passwords of one form, or the old and the new one."""
    names = [n for side in (left, right) for n in _names(side)]
    if len(names) < 2 or not all(
        kind(n) == "password" for n in names if "username" not in n.lower()
    ):
        return False
    same_root = root_of(left) == root_of(right) and isinstance(left, ast.Attribute | ast.Subscript)
    if same_root and not is_settings(root_of(left)):
        return True
    return any(_FORM.search(n) for n in names)

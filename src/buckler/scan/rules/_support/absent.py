"""Checks that are passed by what is missing: a signature that nobody sent, a setting that nobody made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.engines.attack.absent import SIGNATURE
from buckler.scan.python.constants import field_of
from buckler.scan.python.index import Function, Index, default_of, parameter
from buckler.scan.python.modules import definition

_GETTERS = ("os.environ.get", "os.getenv", "environ.get", "getenv")
_PARTS = frozenset({"headers", "cookies", "query_params"})
_MADE = re.compile(r"(^|_)(hmac|mac|sign|signed|signature|sig)(_|$)", re.IGNORECASE)


def may_be_unset(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether it is None where nobody has set it: read from the environment, or a field that begins as None."""
    if depth > 4:
        return False
    if isinstance(node, ast.Constant):
        return node.value is None and depth > 0
    if isinstance(node, ast.Call):
        one = len(node.args) == 1 and not node.keywords
        return one and index.name(node.func) in _GETTERS
    if isinstance(node, ast.Subscript):
        return any(may_be_unset(at, item, depth + 1) for at, item in _items(index, node))
    if isinstance(node, ast.Name):
        own = index.values(node)
        if len(own) == 1:
            return may_be_unset(index, own[0], depth + 1)
    found = definition(index, node) if isinstance(node, ast.Name | ast.Attribute) else None
    if found is not None and isinstance(found[1], ast.expr):
        return may_be_unset(found[0], found[1], depth + 1)
    field = field_of(index, node) if isinstance(node, ast.Attribute) else None
    return field is not None and may_be_unset(field[0], field[1], depth + 1)


def _items(index: Index, node: ast.Subscript) -> Iterator[tuple[Index, ast.expr]]:
    """What a table of the project has under a fixed key."""
    found = definition(index, node.value) if isinstance(node.value, ast.Name) else None
    if found is None or not isinstance(found[1], ast.Dict) or not _fixed(node.slice):
        return
    for key, item in zip(found[1].keys, found[1].values, strict=True):
        if isinstance(key, ast.Constant) and key.value == getattr(node.slice, "value", None):
            yield found[0], item


def _fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def read_off(index: Index, node: ast.expr) -> bool:
    """Whether it is a header, a cookie or a query parameter that is None where nobody sent it."""
    values = index.values(node) if isinstance(node, ast.Name) else [node]
    return len(values) == 1 and any(
        isinstance(v, ast.Call)
        and isinstance(v.func, ast.Attribute)
        and v.func.attr == "get"
        and isinstance(v.func.value, ast.Attribute)
        and v.func.value.attr in _PARTS
        and len(v.args) == 1
        and not v.keywords
        for v in values
    )


def unsigned_passes(index: Index) -> Iterator[tuple[ast.If, str]]:
    """Branches that look at a signature only where there is one, and the name that it has there.

    An optional credential is looked at in the same way, so that the header or the other side has to be a
    code of authenticity.
    """
    for call in index.called("compare_digest"):
        function = index.function_of(call)
        if function is None:
            continue
        for name in {n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}:
            if not _is_signature(index, function, name):
                continue
            branch = _only_where_given(index, call, name)
            if branch is not None and not _refused_before(function, name, branch):
                yield branch, name


def _is_signature(index: Index, function: Function, name: str) -> bool:
    """Whether a local name is a header that may be missing and that is compared with a code of authenticity."""
    given = parameter(function, name)
    sent = ""
    if given is not None:
        default = default_of(function, name)
        sent = f"{ast.unparse(given.annotation) if given.annotation else ''} {ast.unparse(default) if default else ''}"
        if "Header(" not in sent:
            return False
    else:
        values = index.bindings.get((function, name), [])
        sent = " ".join(ast.unparse(v) for v in values if ".headers" in ast.unparse(v))
    if not sent:
        return False
    words = re.findall(r"[\w-]+", sent)
    if any(SIGNATURE.search(word) for word in (name, *words)):
        return True
    called = [index.name(c.func) for c in index.calls_in(function)]
    return any(
        _MADE.search(each.rpartition(".")[2]) or each.startswith("hmac.new") for each in called
    )


def _only_where_given(index: Index, call: ast.Call, name: str) -> ast.If | None:
    """The branch around a comparison that asks whether there is anything to compare, and refuses in it alone."""
    for outer in index.around(call):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return None
        if not isinstance(outer, ast.If) or outer.orelse or not _asks(outer.test, name):
            continue
        refuses = any(isinstance(n, ast.Raise) for s in outer.body for n in ast.walk(s))
        return outer if refuses and not _refuses_after(index, outer) else None
    return None


def _asks(test: ast.expr, name: str) -> bool:
    """``signature``, ``signature is not None``, ``signature != ""``, or one of these and more."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    for part in parts:
        if isinstance(part, ast.Name) and part.id == name:
            return True
        if isinstance(part, ast.Compare) and len(part.ops) == 1:
            there = isinstance(part.ops[0], ast.IsNot | ast.NotEq)
            empty = isinstance(part.comparators[0], ast.Constant) and not part.comparators[0].value
            if there and empty and isinstance(part.left, ast.Name) and part.left.id == name:
                return True
    return False


def _refuses_after(index: Index, branch: ast.If) -> bool:
    """Whether whoever did not come into the branch is refused behind it."""
    outer = index.parents.get(branch)
    body = getattr(outer, "body", [])
    rest = body[body.index(branch) + 1 :] if branch in body else []
    return any(isinstance(statement, ast.Raise) for statement in rest)


def _refused_before(function: Function, name: str, branch: ast.If) -> bool:
    """Whether a missing one is refused by itself: ``if not signature: raise``."""
    for node in ast.walk(function):
        if not isinstance(node, ast.If) or node is branch or not _ends(node):
            continue
        test = node.test
        either = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)
        parts = test.values if isinstance(test, ast.BoolOp) and either else [test]
        if any(_absent(part, name) for part in parts):
            return True
    return False


def _absent(test: ast.expr, name: str) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Name) and test.operand.id == name
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == name:
        return isinstance(test.ops[0], ast.Is | ast.Eq)
    return False


def _ends(branch: ast.If) -> bool:
    return any(isinstance(s, ast.Raise | ast.Return) for s in branch.body)

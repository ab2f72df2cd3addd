"""Whether the code around a check says yes when the check breaks: CWE-636."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from buckler.scan.python.constants import number
from buckler.scan.python.index import Function, Index, argument, last
from buckler.scan.python.tokens import readings

_CHECK = re.compile(
    r"^_?(?:verify\w*|authenticate\w*|authori[sz]e\w*|compare_digest|checkpw|check_?(?:password|permissions?|tokens?|signature|access|"
    r"roles?|scopes?|auth\w*|api_?key|key|user|admin|owner|acl|policy|credentials?|session|csrf|rights?)|has_?(?:permission|access|role|"
    r"scope|right)s?\w*|is_?(?:allowed|admin|authori[sz]ed|authenticated|permitted|valid_token|valid_signature|owner|revoked|blocked)|"
    r"(?:require|ensure|enforce|assert|validate)_?(?:\w*(?:permission|token|signature|access|role|scope|auth|key|user|admin|owner|acl|"
    r"policy|credential|session|csrf|password|login|right)\w*)|(?:decode|read|parse|open|load|introspect)_?(?:\w*(?:token|jwt|claims|session|"
    r"signature))|unsign|current_user|get_current_user|decrypt\w*|can_\w+|enforce)$",
    re.IGNORECASE,
)

_GATE = re.compile(
    r"require|verify|check|ensure|enforce|guard|only|protect|authori[sz]|authenticate|permission|allowed|gate|must|restrict|access|valid",
    re.IGNORECASE,
)

_BROAD = frozenset({"Exception", "BaseException", "HTTPException", "StarletteHTTPException"})

_ANSWERS = re.compile(r"Response$|^abort$|^Redirect")

_OPEN_NAMES = re.compile(r"admin|system|superuser|root|default_user|trusted", re.IGNORECASE)


def check_in(index: Index, body: Sequence[ast.stmt]) -> str:
    """What is checked in a block: ``refusal`` (it raises 401 or 403), ``check``, or an empty text."""
    tokens = {item.call for item in readings(index)}
    found = ""
    for statement in body:
        for item in ast.walk(statement):
            if (
                isinstance(item, ast.Raise)
                and isinstance(item.exc, ast.Call)
                and _refuses(index, item.exc)
            ):
                return "refusal"
            if isinstance(item, ast.Call) and (item in tokens or _is_check(index, item)):
                found = "check"
    return found


def _is_check(index: Index, call: ast.Call) -> bool:
    return bool(_CHECK.match(last(call.func))) and not index.name(call.func).startswith(
        ("os.", "subprocess.", "base64.")
    )


def _refuses(index: Index, call: ast.Call) -> bool:
    if last(call.func) == "PermissionError":
        return True
    status = argument(call, "status_code", 0)
    value = number(index, status) if status is not None else None
    named = last(status) if status is not None else ""
    return last(call.func).endswith("HTTPException") and (
        value in (401, 403) or "401" in named or "403" in named
    )


def swallows(handler: ast.ExceptHandler, why: str) -> bool:
    """Whether the handler catches what the check raises and does not raise again."""
    if any(isinstance(item, ast.Raise) for item in ast.walk(handler)):
        return False
    caught = handler.type
    names = (
        [last(n) for n in (caught.elts if isinstance(caught, ast.Tuple) else [caught])]
        if caught is not None
        else ["Exception"]
    )
    if why == "refusal" and not _BROAD.intersection(names) and "PermissionError" not in names:
        return not all(
            name in ("KeyError", "ValueError", "TypeError", "AttributeError", "IndexError")
            for name in names
        )
    return True


def goes_on(index: Index, function: Function, node: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the handler, or what comes after it, says yes."""
    for item in ast.walk(handler):
        if isinstance(item, ast.Return):
            return _says_yes(index, item.value)
        if isinstance(item, ast.Assign) and not _assigns_yes(item):
            return False
        if isinstance(item, ast.Call) and last(item.func) in (
            "close",
            "abort",
            "exit",
            "send_json",
            "accept",
        ):
            return False
    if any(isinstance(item, ast.Assign) and _assigns_yes(item) for item in ast.walk(handler)):
        return True
    rest = _after(index, node, function)
    if any(isinstance(item, ast.Raise) for statement in rest for item in ast.walk(statement)):
        return False
    returns = [i for s in rest for i in ast.walk(s) if isinstance(i, ast.Return)]
    if returns:
        return all(_says_yes(index, r.value, later=True) for r in returns) and not _uses_result(
            node, rest
        )
    if index.inside(node, _loop(index, node) or node) and _loop(index, node) is not None:
        return False
    succeeded = [
        i for s in (*node.body, *node.orelse) for i in ast.walk(s) if isinstance(i, ast.Return)
    ]
    if any(item.value is not None for item in succeeded):
        return False
    return (
        bool(_GATE.search(function.name))
        or _raises_refusal(index, node)
        or bool(_used_as_gate(index, function))
    )


def _says_yes(index: Index, value: ast.expr | None, *, later: bool = False) -> bool:
    """Whether what is returned lets the caller go on."""
    match value:
        case ast.Constant():
            return value.value is True or (later and isinstance(value.value, str))
        case ast.Await():
            return _says_yes(index, value.value, later=later)
        case ast.Call():
            name = last(value.func)
            if name == "call_next":
                return True
            if any(item.call is value and item.verified is False for item in readings(index)):
                return True
            return later and not _ANSWERS.search(name) and name not in ("str", "bool")
        case ast.Name() | ast.Attribute():
            return bool(_OPEN_NAMES.search(last(value)))
        case ast.Dict():
            return (
                any(
                    _OPEN_NAMES.search(str(i.value))
                    for i in ast.walk(value)
                    if isinstance(i, ast.Constant)
                )
                or later
            )
    return False


def _assigns_yes(node: ast.Assign) -> bool:
    if isinstance(node.value, ast.Constant):
        return node.value.value is True
    return isinstance(node.value, ast.Name | ast.Attribute) and bool(
        _OPEN_NAMES.search(last(node.value))
    )


def _after(index: Index, node: ast.stmt, function: Function) -> list[ast.stmt]:
    """The statements that follow a node, out to the end of its function."""
    found: list[ast.stmt] = []
    child: ast.AST = node
    for outer in index.around(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(outer, name, None)
            if isinstance(block, list) and child in block:
                found += block[block.index(child) + 1 :]
        if outer is function:
            break
        child = outer
    return found


def _uses_result(node: ast.Try, rest: Sequence[ast.stmt]) -> bool:
    """Whether what the check brought is looked at afterwards, so that its absence is noticed."""
    names = {
        i.id
        for s in node.body
        for i in ast.walk(s)
        if isinstance(i, ast.Name) and isinstance(i.ctx, ast.Store)
    }
    return any(isinstance(i, ast.Name) and i.id in names for s in rest for i in ast.walk(s))


def _loop(index: Index, node: ast.AST) -> ast.AST | None:
    for outer in index.around(node):
        if isinstance(outer, ast.For | ast.AsyncFor | ast.While):
            return outer
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
    return None


def _raises_refusal(index: Index, node: ast.Try) -> bool:
    return check_in(index, node.body) == "refusal"


def _used_as_gate(index: Index, function: Function) -> bool:
    """Whether a function stands in ``Depends(...)``."""
    return any(
        last(call.func) in ("Depends", "Security")
        and call.args
        and last(call.args[0]) == function.name
        for call in index.calls
    )


def decides(body: Sequence[ast.stmt]) -> bool:
    """Whether a suppressed block itself says yes, so that what comes after it says no."""
    return any(isinstance(i, ast.Return | ast.Assign) for s in body for i in ast.walk(s))

"""What a call that logs gives away: CWE-532."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.python.constants import class_behind
from buckler.scan.python.index import Index, argument, last
from buckler.scan.python.words import kind, name_of, telling

LEVELS = frozenset(
    "debug info warning warn error critical exception log fatal success trace msg".split()
)

_LOGGERS = re.compile(
    r"(^|\.|_)(log|logger|logging|structlog|loguru|audit)\w*(\(\)|\.|$)", re.IGNORECASE
)

_SHAPES = frozenset(
    "str repr format dumps dict encode decode join model_dump model_dump_json json ascii vars get list tuple upper lower strip pformat".split()
)

_SIGN_IN = re.compile(
    r"login|log_in|signin|sign_in|signup|sign_up|register|password|credential|token|passwd|authenticate",
    re.IGNORECASE,
)

_WHOLE = ("model_dump", "model_dump_json", "dict", "json", "__dict__", "vars")


def logs(index: Index, call: ast.Call) -> bool:
    """Whether a call writes to a log or to the terminal."""
    if isinstance(call.func, ast.Name):
        return call.func.id in ("print", "pprint")
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
        return False
    name = index.name(call.func)
    return bool(_LOGGERS.search(ast.unparse(call.func.value))) or name.startswith(
        ("logging.", "structlog.", "loguru.")
    )


def secrets(index: Index, call: ast.Call) -> Iterator[str]:
    """What of the arguments is secret, for people."""
    for item in (
        *call.args,
        *(k.value for k in call.keywords if k.arg not in ("exc_info", "stack_info")),
    ):
        yield from _in(index, call, item, 0)
    for keyword in call.keywords:
        if (
            keyword.arg
            and kind(keyword.arg) in ("password", "secret", "token", "key")
            and not isinstance(keyword.value, ast.Constant | ast.Call)
        ):
            yield f"A {kind(keyword.arg)}"


def _in(index: Index, call: ast.Call, node: ast.expr, depth: int) -> Iterator[str]:
    if depth > 6:
        return
    match node:
        case ast.JoinedStr():
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _in(index, call, part.value, depth + 1)
        case ast.BinOp():
            yield from _in(index, call, node.left, depth + 1)
            yield from _in(index, call, node.right, depth + 1)
        case ast.Tuple() | ast.List():
            for item in node.elts:
                yield from _in(index, call, item, depth + 1)
        case ast.Dict():
            for item in node.values:
                yield from _in(index, call, item, depth + 1)
        case ast.Await():
            yield from _in(index, call, node.value, depth + 1)
        case ast.Subscript(slice=ast.Slice()):
            return
        case ast.Call():
            yield from _in_call(index, call, node, depth)
        case ast.Name() | ast.Attribute() | ast.Subscript():
            yield from _in_name(index, call, node, depth)


def _in_call(index: Index, call: ast.Call, node: ast.Call, depth: int) -> Iterator[str]:
    name = last(node.func)
    if name == "get_secret_value":
        yield "A secret"
        return
    if name in ("get", "pop") and kind(name_of(node)) in ("password", "secret", "token", "key"):
        yield f"A {kind(name_of(node))}"
        return
    if (
        name in ("body", "json", "form")
        and isinstance(node.func, ast.Attribute)
        and last(node.func.value) in ("request", "req")
    ):
        if _in_sign_in(index, call):
            yield "The whole body of a sign-in"
        return
    if name not in _SHAPES:
        return
    if name in _WHOLE and isinstance(node.func, ast.Attribute):
        yield from _whole(index, call, node.func.value, _excluded(node))
    for item in node.args:
        yield from _in(index, call, item, depth + 1)
    if isinstance(node.func, ast.Attribute) and name in (
        "format",
        "encode",
        "decode",
        "strip",
        "upper",
        "lower",
    ):
        yield from _in(index, call, node.func.value, depth + 1)


def _in_name(index: Index, call: ast.Call, node: ast.expr, depth: int) -> Iterator[str]:
    if (
        isinstance(node, ast.Attribute)
        and node.attr in ("headers", "cookies")
        and last(node.value) in ("request", "req", "websocket")
    ):
        yield (
            "Every header of the request, credentials included,"
            if node.attr == "headers"
            else "Every cookie"
        )
        return
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        yield from _whole(index, call, node.value)
        return
    what = kind(name_of(node))
    words = telling(name_of(node))
    plural = bool(words) and words[-1].endswith("s") and words[-1] not in ("pass", "credentials")
    if what in ("password", "secret", "token", "key") and not plural:
        if not _is_masked(index, node) and not _is_loop(index, node):
            yield f"A {what}"
        return
    if isinstance(node, ast.Name):
        values = index.values(node)
        if (
            depth < 4
            and len(values) == 1
            and isinstance(values[0], ast.JoinedStr | ast.Call | ast.Await | ast.Dict)
        ):
            yield from _in(index, call, values[0], depth + 2)
        elif not values:
            yield from _whole(index, call, node)


def secret_fields(index: Index, node: ast.expr) -> list[str]:
    """The fields of an object's class that are secrets and show what they hold."""
    owner = class_behind(index, node)
    if owner is None or not isinstance(owner[1], ast.ClassDef):
        return []
    found = []
    for item in owner[1].body:
        if not isinstance(item, ast.AnnAssign):
            continue
        secret = kind(last(item.target)) in ("password", "secret", "key", "code")
        shown = "Secret" not in ast.unparse(item.annotation)
        if secret and shown and "repr=False" not in ast.unparse(item):
            found.append(last(item.target))
    return found


def secret_in(index: Index, call: ast.Call, node: ast.expr) -> bool:
    """Whether one of the values that a call writes is a secret."""
    return any(True for _ in _in(index, call, node, 0))


def _excluded(call: ast.Call) -> frozenset[str]:
    given = argument(call, "exclude")
    items = given.elts if isinstance(given, ast.Set | ast.List | ast.Tuple) else []
    return frozenset(str(i.value) for i in items if isinstance(i, ast.Constant))


def _whole(
    index: Index, call: ast.Call, node: ast.expr, without: frozenset[str] = frozenset()
) -> Iterator[str]:
    """An object that is logged with all of its fields, one of which is a secret."""
    owner = class_behind(index, node)
    if owner is not None and isinstance(owner[1], ast.ClassDef):
        for name in secret_fields(index, node):
            if name not in without:
                yield f"An object with a {kind(name)}"
                return
        return
    parameter = index.parameter(node) if isinstance(node, ast.Name) else None
    if parameter is not None and parameter.annotation is not None:
        if re.search(
            r"Login|SignIn|SignUp|Register|Credentials|PasswordRequestForm|UserCreate|Password",
            ast.unparse(parameter.annotation),
        ):
            yield "The whole payload of a sign-in"


def _in_sign_in(index: Index, call: ast.Call) -> bool:
    function = index.function_of(call)
    if function is None:
        return False
    paths = " ".join(ast.unparse(d) for d in function.decorator_list)
    return bool(_SIGN_IN.search(function.name) or _SIGN_IN.search(paths))


def _is_masked(index: Index, node: ast.expr) -> bool:
    """Whether a field shows stars by itself."""
    if not isinstance(node, ast.Attribute):
        parameter = index.parameter(node) if isinstance(node, ast.Name) else None
        return (
            parameter is not None
            and parameter.annotation is not None
            and "Secret" in ast.unparse(parameter.annotation)
        )
    owner = class_behind(index, node.value)
    if owner is None or not isinstance(owner[1], ast.ClassDef):
        return False
    return any(
        isinstance(i, ast.AnnAssign)
        and last(i.target) == node.attr
        and "Secret" in ast.unparse(i.annotation)
        for i in owner[1].body
    )


def _is_loop(index: Index, node: ast.expr) -> bool:
    """Tokens of a text that are gone through one by one are no secret."""
    name = last(node)
    return any(
        isinstance(o, ast.For | ast.AsyncFor) and last(o.target) == name for o in index.around(node)
    )

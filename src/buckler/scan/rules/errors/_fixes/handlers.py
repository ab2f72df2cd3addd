"""Handlers of errors that tell nothing they should not (CWE-209)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import number
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.applications import Made
from buckler.scan.rules._support.statements import free_name

_SUCCESS = range(200, 300)
_RESPONSES = (
    "JSONResponse",
    "ORJSONResponse",
    "UJSONResponse",
    "PlainTextResponse",
    "HTMLResponse",
)


def inputs_left_out(draft: Draft, made: Made) -> bool:
    """Add a handler of ``RequestValidationError`` behind the application; whether there was none."""
    if any(last(node) == "RequestValidationError" for node in _registered(draft)):
        return False
    at = made.statement
    error = draft.name_for("fastapi.exceptions.RequestValidationError", at)
    request = draft.name_for("fastapi.Request", at)
    response = draft.name_for("fastapi.responses.JSONResponse", at)
    name = free_name(draft.index, at, "invalid_request", "wrong_request")
    kept = ", ".join(draft.quote(key) for key in ("type", "loc", "msg"))
    draft.insert_after(
        at,
        "",
        "",
        f"@{made.name}.exception_handler({error})",
        f"async def {name}(request: {request}, error: {error}) -> {response}:",
        f"    kept = [{{key: item[key] for key in ({kept})}} for item in error.errors()]",
        f"    return {response}({{{draft.quote('detail')}: kept}}, status_code=422)",
    )
    return True


def _registered(draft: Draft) -> list[ast.expr]:
    """What handlers are registered for in the file."""
    calls = draft.index.called("exception_handler", "add_exception_handler")
    return [call.args[0] for call in calls if call.args]


def failure_told(draft: Draft, line: int) -> bool:
    """Answer 500 where a handler, or the ``except`` of a route, answers as if nothing had happened.

    Args:
        draft: The file.
        line: On which the handler or the route begins, decorators included.
    """
    for function in draft.index.functions:
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        if not first <= line <= function.lineno:
            continue
        marks = [last(d.func) for d in function.decorator_list if isinstance(d, ast.Call)]
        scopes: list[ast.AST] = [function] if "exception_handler" in marks else []
        scopes += [node for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)]
        changed = [_with_status(draft, scope) for scope in scopes]
        return any(changed)
    return False


def _with_status(draft: Draft, scope: ast.AST) -> bool:
    done = False
    for node in ast.walk(scope):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        value = node.value
        if isinstance(value, ast.Call) and last(value.func) in _RESPONSES and not unpacks(value):
            given = argument(value, "status_code", 1)
            if given is not None and number(draft.index, given) not in _SUCCESS:
                continue
            if given is not None:
                draft.replace(given, "500")
            else:
                draft.set_keyword(value, "status_code", "500")
            done = True
        elif isinstance(value, ast.Dict) and isinstance(scope, ast.ExceptHandler):
            response = draft.name_for("fastapi.responses.JSONResponse", node)
            draft.wrap(value, f"{response}(", ", status_code=500)")
            done = True
    return done

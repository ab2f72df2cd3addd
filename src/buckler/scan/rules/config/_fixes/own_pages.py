"""Has a websocket be opened by pages of its own host alone (CWE-1385)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, last


def own_pages_only(draft: Draft, functions: list[Function]) -> bool:
    """Put a check of the origin at the beginning of handlers; False where one has no name for its socket."""
    sockets = [_socket(function) for function in functions]
    if not functions or not all(sockets):
        return False
    for function, name in zip(functions, sockets, strict=True):
        body = function.body
        spoken = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        first = body[1] if spoken and len(body) > 1 else body[0]
        split = draft.name_for("urllib.parse.urlsplit", first)
        refused = draft.name_for("fastapi.WebSocketException", first)
        origin, host = draft.quote("origin"), draft.quote("host")
        draft.insert_before(
            first,
            f"origin = {name}.headers.get({origin})",
            f"if origin is not None and {split}(origin).netloc != {name}.headers.get({host}):",
            f"    raise {refused}(1008)",
        )
    return True


def _socket(function: Function) -> str:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return next((a.arg for a in every if a.annotation and last(a.annotation) == "WebSocket"), "")

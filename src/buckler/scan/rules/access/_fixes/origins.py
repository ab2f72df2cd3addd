"""Lets pages of the same site alone open a websocket (CWE-1385; RFC 6455, 10.2)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, last


def own_site_alone(draft: Draft, function: Function) -> bool:
    """Compare ``Origin`` with ``Host`` before a websocket is accepted; whether it could be done.

    Programs send no ``Origin`` and stay let in. RFC 6455 asks for the comparison since browsers open
    websockets across sites, cookies and all.
    """
    for call in draft.index.calls_in(function):
        waited = draft.index.parents.get(call)
        statement = draft.index.parents.get(waited) if waited is not None else None
        if (
            last(call.func) != "accept"
            or not isinstance(call.func, ast.Attribute)
            or not isinstance(call.func.value, ast.Name)
            or not isinstance(waited, ast.Await)
            or not isinstance(statement, ast.Expr)
        ):
            continue
        socket = call.func.value.id
        split = draft.name_for("urllib.parse.urlsplit", call)
        origin, host = draft.quote("origin"), draft.quote("host")
        given = f"{socket}.headers.get({origin})"
        draft.insert_before(
            statement,
            f"if {given} and {split}({given}).netloc != {socket}.headers.get({host}):",
            f"    await {socket}.close(1008)",
            "    return",
        )
        return True
    return False

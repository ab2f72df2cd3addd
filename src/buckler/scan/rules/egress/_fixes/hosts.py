"""Lets a request go to hosts alone that a setting names (CWE-918)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.statements import (
    assigned,
    refusal,
    serves_fastapi,
    statement_of,
)

HOSTS = "OUTBOUND_HOSTS"
_ADDRESSES = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream")
_OPENED = ("urlopen", "urlretrieve")
_BY_NAME = {"socket.create_connection": "address", "asyncio.open_connection": "host"}


def known_hosts_alone(draft: Draft, call: ast.Call) -> bool:
    """Put a check before a request to an address that is input; whether it could be done."""
    if not serves_fastapi(draft) or draft.index.function_of(call) is None:
        return False
    name = draft.index.name(call.func)
    if name in _BY_NAME:
        given = argument(call, _BY_NAME[name], 0)
        host = given.elts[0] if isinstance(given, ast.Tuple) and given.elts else given
        return isinstance(host, ast.Name) and _check(draft, call, host, draft.of(host))
    short = last(call.func)
    if short not in _ADDRESSES + _OPENED:
        return False
    given = argument(call, "url", 1 if short in ("request", "stream") else 0)
    if not isinstance(given, ast.Name) or assigned(draft.index, given) is not None:
        return False
    return _check(draft, call, given, "")


def _check(draft: Draft, call: ast.Call, given: ast.Name, host: str) -> bool:
    statement = statement_of(draft.index, call)
    if statement is None or draft.index.parameter(given) is None:
        return False
    if not host:
        host = f"{draft.name_for('urllib.parse.urlsplit', call)}({given.id}).hostname"
    environ, comma = draft.name_for("os.environ", call), draft.quote(",")
    listed = f"{environ}.get({draft.quote(HOSTS)}, {draft.quote('')}).split({comma})"
    draft.insert_before(
        statement, f"if {host} not in {listed}:", f"    {refusal(draft, 422, call)}"
    )
    return True

"""Gives tokens an end, and lets it be looked at (RFC 7519, 4.1.4)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import truth
from buckler.scan.python.index import argument
from buckler.scan.python.tokens import makings, passed_options, readings
from buckler.scan.rules._support.statements import assigned, statement_of

_OPTION = "verify_exp"


def minds_expiry(draft: Draft, call: ast.Call) -> bool:
    """Take ``verify_exp: False`` out of the options that stand in a call; whether it was there."""
    known = [reading.call for reading in readings(draft.index)]
    if call not in known and call not in list(passed_options(draft.index, _OPTION)):
        return False
    given = argument(call, _OPTION)
    if given is not None and truth(draft.index, given) is False:
        draft.remove_argument(call, given)
        return True
    for item in (*call.args, *(keyword.value for keyword in call.keywords)):
        where = assigned(draft.index, item)
        options = where.value if where is not None and where.value is not None else item
        number = _number_of(draft, options)
        if number is None or not isinstance(options, ast.Dict):
            continue
        if len(options.keys) == 1 and options is item:
            draft.remove_argument(call, item)
        else:
            draft.remove_items(options, number)
        return True
    return False


def _number_of(draft: Draft, node: ast.expr) -> int | None:
    if isinstance(node, ast.Dict):
        for number, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if isinstance(key, ast.Constant) and key.value == _OPTION:
                return number if truth(draft.index, value) is False else None
    return None


def expires(draft: Draft, call: ast.Call) -> bool:
    """Give the claims of a token that is made here an ``exp``; whether it could be done.

    NumericDate is in seconds, which every library takes (RFC 7519, section 2).
    """
    claims = next((c for made, c, _ in makings(draft.index) if made is call), None)
    if claims is None:
        return False
    key = draft.quote("exp")
    if isinstance(claims, ast.Dict):
        draft.append_items(claims, f"{key}: {_end(draft, call)}")
        return True
    statement = statement_of(draft.index, call)
    if (
        not isinstance(claims, ast.Name)
        or statement is None
        or assigned(draft.index, claims) is None
    ):
        return False
    draft.insert_before(statement, f"{claims.id}.setdefault({key}, {_end(draft, call)})")
    return True


def _end(draft: Draft, at: ast.AST) -> str:
    return f"int({draft.name_for('time.time', at)}()) + 3600"

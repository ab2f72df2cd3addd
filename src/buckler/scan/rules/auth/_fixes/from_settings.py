"""Takes a password that is compared with out of the source (CWE-798)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import value_of
from buckler.scan.rules.auth._fixes.kinds import TEXT, kind_of
from buckler.scan.rules.secrets._fixes.environment import from_environment

SETTING = "SIGN_IN_PASSWORD"


def read_from_settings(draft: Draft, node: ast.expr, sent: ast.expr, constant: ast.expr) -> str:
    """Compare with what the environment has.

    Returns:
        The name of the setting that the operator has to make; empty where nothing could be done.
    """
    if not isinstance(constant, ast.Constant):
        known = value_of(draft.index, constant)
        if known is None or not isinstance(known.node, ast.expr):
            return ""
        other = draft if known.path == draft.path else draft.other(known.path)
        return from_environment(other, known.node.lineno)
    if SETTING in draft.text:
        return ""
    read = f"{draft.name_for('os.environ', node)}[{draft.quote(SETTING)}]"
    if isinstance(constant.value, bytes):
        draft.replace(constant, f"{read}.encode()")
        return SETTING
    if not isinstance(node, ast.Compare):
        draft.replace(constant, read)
        return SETTING
    if kind_of(draft.index, sent) != TEXT:
        return ""
    digest = draft.name_for("hmac.compare_digest", node)
    call = f"{digest}({draft.operand(sent)}.encode(), {read}.encode())"
    differs = isinstance(node.ops[0], ast.NotEq)
    outer = draft.index.parents.get(node)
    plain = isinstance(outer, ast.If | ast.BoolOp | ast.Return | ast.Assign)
    draft.replace(node, call if not differs else f"not {call}" if plain else f"(not {call})")
    return SETTING

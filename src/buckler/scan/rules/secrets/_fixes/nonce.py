"""Draws a nonce for each message (CWE-323): where it is sent along, nobody who reads the messages notices."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last
from buckler.scan.rules._support.elsewhere import stands_elsewhere
from buckler.scan.rules._support.statements import free_name, statement_of

_SOURCES = frozenset({"os.urandom", "secrets.token_bytes"})
_BOXES = frozenset({"AESGCM", "AESCCM", "AESOCB3", "ChaCha20Poly1305"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension, ast.ListComp, ast.GeneratorExp)
_OPENS = frozenset({"decrypt", "decryptor", "decrypt_and_verify", "open"})


def fresh(draft: Draft, call: ast.Call) -> str:
    """Draw the nonce of a call anew.

    Returns:
        ``alike`` where the message already begins with it or names it, ``seen`` where it is put before the message,
        empty where nothing could be done.
    """
    function = draft.index.function_of(call)
    node = _nonce(call)
    if function is None or node is None or _opens(draft, function):
        return ""
    drawn = _drawn(draft, node)
    if not drawn:
        return ""
    return _sent_along(draft, function, node, drawn) or _put_before(draft, call, node, drawn)


def _nonce(call: ast.Call) -> ast.expr | None:
    method = last(call.func)
    if method == "encrypt":
        return argument(call, "nonce", 0)
    if method in ("CBC", "CTR", "GCM", "OFB", "CFB", "CFB8"):
        return argument(call, "nonce" if method == "CTR" else "initialization_vector", 0)
    if method == "Cipher":
        mode = argument(call, "mode", 1)
        return _nonce(mode) if isinstance(mode, ast.Call) else None
    if method == "new":
        return argument(call, "nonce") or argument(call, "iv", 2)
    return None


def _drawn(draft: Draft, node: ast.expr) -> str:
    """What draws a value of the same length; empty where the length is not known."""
    value = node
    if isinstance(node, ast.Name):
        values = draft.index.values(node)
        if len(values) != 1:
            return ""
        value = values[0]
    if isinstance(value, ast.Call) and draft.index.name(value.func) in _SOURCES:
        return draft.of(value) if not isinstance(value, ast.Name) else ""
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return f"{draft.name_for('os.urandom', node)}({len(value.value)})"
    return ""


def _uses(draft: Draft, name: str) -> list[ast.Name]:
    walked = (n for n in ast.walk(draft.index.tree) if isinstance(n, ast.Name) and n.id == name)
    return [n for n in walked if isinstance(n.ctx, ast.Load)]


def _sent_along(draft: Draft, function: Function, node: ast.expr, drawn: str) -> str:
    if not isinstance(node, ast.Name):
        return ""
    index = draft.index
    value = index.values(node)[0]
    statement = index.parents.get(value)
    uses = _uses(draft, node.id)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or len(uses) != 2:
        return ""
    if index.function_of(value) is not None or any(
        index.function_of(u) is not function for u in uses
    ):
        return ""
    other = next(u for u in uses if u is not node)
    if not _is_sent(draft, other) or stands_elsewhere(draft, node.id):
        return ""
    if any(isinstance(outer, _LOOPS) for use in uses for outer in index.around(use)):
        return ""  # several messages for one call
    if isinstance(value, ast.Constant) and not _opened_somewhere(draft):
        return ""  # a reader of another project may know the constant
    first = next((s for s in function.body if any(index.inside(u, s) for u in uses)), None)
    if first is None:
        return ""
    name = free_name(index, node, "nonce", "fresh")
    for use in uses:
        draft.replace(use, name)
    draft.insert_before(first, f"{name} = {drawn}")
    draft.remove_statement(statement)
    return "alike"


def _is_sent(draft: Draft, use: ast.Name) -> bool:
    """Whether a value is put before something, or into what is returned, by itself or as text."""
    inner: ast.AST = use
    for outer in draft.index.around(use):
        if isinstance(outer, ast.BinOp):
            return isinstance(outer.op, ast.Add) and outer.left is inner
        if isinstance(outer, ast.Dict | ast.Tuple):
            return True
        if (isinstance(outer, ast.Attribute) and outer.attr in ("hex", "decode")) or (
            isinstance(outer, ast.Call) and (outer.func is inner or last(outer.func) == "b64encode")
        ):
            inner = outer
        else:
            return False
    return False


def _put_before(draft: Draft, call: ast.Call, node: ast.expr, drawn: str) -> str:
    """``box.encrypt(NONCE, data, None)`` becomes ``(nonce + box.encrypt(nonce, data, None))``."""
    statement = statement_of(draft.index, call)
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if last(call.func) != "encrypt" or statement is None or owner is None:
        return ""
    made = draft.index.values(owner)[:1] if isinstance(owner, ast.Name) else [owner]
    if not any(isinstance(m, ast.Call) and last(m.func) in _BOXES for m in made):
        return ""
    if _opened_somewhere(draft):
        return ""
    name = free_name(draft.index, call, "nonce", "fresh")
    draft.insert_before(statement, f"{name} = {drawn}")
    start, end = draft.source.span(call)
    at, behind = draft.source.span(node)
    outer = draft.index.parents.get(call)
    bare = isinstance(outer, ast.Return | ast.Assign)
    draft.edit(start, start, f"{name} + " if bare else f"({name} + ")
    draft.edit(at, behind, name)
    if not bare:
        draft.edit(end, end, ")")
    return "seen"


def _opens(draft: Draft, function: Function) -> bool:
    return any(last(c.func) in _OPENS for c in draft.index.calls_in(function))


def _opened_somewhere(draft: Draft) -> bool:
    """Whether any code of the project decrypts."""
    return "decrypt" in draft.text or stands_elsewhere(draft, "decrypt")

"""Draws the id of a session anew at the sign-in, in place of the one that the request brought (CWE-384)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last
from buckler.scan.rules._support.elsewhere import stands_elsewhere

_DRAWN = frozenset(
    {
        "secrets.token_urlsafe",
        "secrets.token_hex",
        "uuid.uuid4().hex",
        "uuid.uuid4",
        "os.urandom().hex",
    }
)


def drawn_anew(draft: Draft, call: ast.Call) -> str:
    """Leave the id of the request out of what a call of ``set_cookie`` sets.

    Returns:
        ``alike`` where all that was kept under the id is written over by the sign-in anyway, ``seen`` where more may
        have been kept, empty where nothing could be done.
    """
    node, function = argument(call, "value", 1), draft.index.function_of(call)
    if not isinstance(node, ast.Name) or function is None:
        return ""
    stores = _stores(draft, function, node.id)
    if not stores:
        return ""
    old = _without_the_sent(draft, function, node.id)
    if old is None:
        return _drawn_first(draft, function, node.id)
    return "alike" if _is_cookie(draft, function, old) and _nothing_else(draft, stores) else "seen"


def _stores(draft: Draft, function: Function, name: str) -> set[str]:
    """The stores that are written under the id; empty where the id is used for anything else."""
    found = set()
    for node in ast.walk(function):
        if not isinstance(node, ast.Name) or node.id != name or isinstance(node.ctx, ast.Store):
            continue
        user = draft.index.parents.get(node)
        outer = draft.index.parents.get(user) if user is not None else None
        if isinstance(user, ast.Subscript) and isinstance(user.ctx, ast.Store):
            if not isinstance(outer, ast.Assign):
                return set()
            found.add(ast.unparse(user.value))
        elif isinstance(user, ast.keyword | ast.Call):
            called = user if isinstance(user, ast.Call) else outer
            if not isinstance(called, ast.Call) or last(called.func) != "set_cookie":
                return set()
        elif not _tests(draft, node):
            return set()
    return found


def _tests(draft: Draft, node: ast.Name) -> bool:
    """Whether a name stands in ``if not number:`` or ``if number is None:``."""
    return any(
        isinstance(o, ast.If) and _is_unset(o.test, node.id) for o in draft.index.around(node)
    )


def _is_unset(test: ast.expr, name: str) -> bool:
    return ast.unparse(test) in (f"not {name}", f"{name} is None")


def _without_the_sent(draft: Draft, function: Function, name: str) -> ast.expr | None:
    """Draw it in every case; gives back what the request had brought, None where it is not made like that."""
    stores = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    writes = [draft.index.parents.get(n) for n in stores if isinstance(n.ctx, ast.Store)]
    made = [w for w in writes if isinstance(w, ast.Assign) and len(w.targets) == 1]
    if not made or len(made) != len(writes) or len(made) > 2:
        return None
    first = made[0].value
    if len(made) == 1:
        match first:
            case ast.BoolOp(op=ast.Or(), values=[old, new]) if _is_drawn(draft, new):
                draft.replace(first, draft.of(new))
                return old
            case ast.IfExp(test=test, body=old, orelse=new) if _is_drawn(draft, new):
                if ast.unparse(test) in (ast.unparse(old), f"{ast.unparse(old)} is not None"):
                    draft.replace(first, draft.of(new))
                    return old
        return None
    branch = draft.index.parents.get(made[1])
    known = isinstance(branch, ast.If) and branch.body == [made[1]] and not branch.orelse
    if not isinstance(branch, ast.If) or not known or not _is_unset(branch.test, name):
        return None
    if not _is_drawn(draft, made[1].value):
        return None
    draft.replace(branch, draft.of(made[1]))
    return first


def _is_drawn(draft: Draft, node: ast.expr) -> bool:
    while isinstance(node, ast.Call) and last(node.func) in ("str", "hex") and not node.keywords:
        inner = node.args[0] if node.args else getattr(node.func, "value", node)
        if inner is node or draft.index.name(node.func) in _DRAWN:
            break
        node = inner
    if isinstance(node, ast.Attribute) and node.attr == "hex":
        node = node.value
    name = draft.index.name(node.func) if isinstance(node, ast.Call) else ""
    return name in _DRAWN or name == "os.urandom"


def _drawn_first(draft: Draft, function: Function, name: str) -> str:
    """The parameter itself is the id: another value for it, before anything is done with it."""
    given = [a for a in (*function.args.args, *function.args.kwonlyargs) if a.arg == name]
    routed = any(isinstance(d, ast.Call) for d in function.decorator_list)
    if not given or not routed:
        return ""
    if any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in ast.walk(function)
    ):
        return ""
    body = [
        s
        for s in function.body
        if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    draw = draft.name_for("secrets.token_urlsafe", body[0])
    draft.insert_before(body[0], f"{name} = {draw}(32)")
    return "seen"


def _is_cookie(draft: Draft, function: Function, old: ast.expr) -> bool:
    """Whether the old id came with a cookie, which no client but a browser keeps."""
    if "cookies" in ast.unparse(old):
        return True
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    given = next((a for a in every if isinstance(old, ast.Name) and a.arg == old.id), None)
    if given is None:
        return False
    defaults = dict(
        zip(
            reversed([*function.args.posonlyargs, *function.args.args]),
            reversed(function.args.defaults),
            strict=False,
        )
    )
    defaults.update(
        {
            a: d
            for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            if d
        }
    )
    parts = [defaults.get(given), given.annotation]
    return any(
        last(n.func) == "Cookie" for p in parts if p for n in ast.walk(p) if isinstance(n, ast.Call)
    )


def _nothing_else(draft: Draft, stores: set[str]) -> bool:
    """Whether the project keeps nothing else by the id: no other store in this file, no cookie in another."""
    if stands_elsewhere(draft, "Cookie(") or stands_elsewhere(draft, ".cookies"):
        return False
    for node in ast.walk(draft.index.tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
            if ast.unparse(node.value) not in stores and not isinstance(
                draft.index.parents.get(node), ast.arg | ast.AnnAssign
            ):
                return False
        if isinstance(node, ast.Call) and last(node.func) in (
            "get",
            "setdefault",
            "pop",
            "execute",
            "hget",
        ):
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            decorates = any(node in f.decorator_list for f in draft.index.functions)
            if owner not in stores and not decorates and not owner.endswith("cookies"):
                return False
    return True

"""Protects a mounted application like the one that it is mounted in (CWE-306)."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.applications import METHODS


def mount_protected(draft: Draft, finding: Finding) -> bool:
    """Give a mounted ``FastAPI(…)`` of the same file the dependencies of the outer one; whether it could be done.

    Files have no dependencies, so a mount of those is left to a person.
    """
    outer, inner = mounted(draft, finding)
    listed = argument(outer, "dependencies") if outer is not None else None
    if inner is None or not isinstance(listed, ast.List) or unpacks(inner):
        return False
    if argument(inner, "dependencies") is not None or not _is_bound(draft, listed, inner):
        return False
    draft.set_keyword(inner, "dependencies", draft.of(listed))
    return True


def mounted(draft: Draft, finding: Finding) -> tuple[ast.Call | None, ast.Call | None]:
    """The calls that make the outer application and the one mounted at the line of a finding."""
    for call in draft.calls_at(finding):
        given = argument(call, "app", 1)
        if (
            last(call.func) == "mount"
            and isinstance(call.func, ast.Attribute)
            and given is not None
        ):
            return _maker(draft, call.func.value), _maker(draft, given)
    return None, None


def keys_of(draft: Draft, finding: Finding) -> frozenset[str]:
    """The operations of the mounted application that its decorators name."""
    for call in draft.calls_at(finding):
        given = argument(call, "app", 1)
        if last(call.func) != "mount" or not isinstance(given, ast.Name):
            continue
        return frozenset(
            f"{last(mark.func).upper()} {finding.subject}{path.value}"
            for mark in draft.index.called(*METHODS)
            if isinstance(mark.func, ast.Attribute) and last(mark.func.value) == given.id
            if isinstance(path := argument(mark, "path", 0), ast.Constant)
            and isinstance(path.value, str)
        )
    return frozenset()


def _maker(draft: Draft, node: ast.expr) -> ast.Call | None:
    values = [node] if isinstance(node, ast.Call) else draft.index.values(node)
    made = values[0] if len(values) == 1 else None
    return made if isinstance(made, ast.Call) and last(made.func) == "FastAPI" else None


def _is_bound(draft: Draft, listed: ast.List, at: ast.Call) -> bool:
    """Whether everything that the list names is there where the inner application is made."""
    names = {node.id for node in ast.walk(listed) if isinstance(node, ast.Name)}
    known = set(draft.index.imports) | {
        item.name
        for item in draft.index.tree.body
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and item.lineno < at.lineno
    }
    return names <= known

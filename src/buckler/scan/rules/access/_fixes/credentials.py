"""Makes a credential that may be left out one that has to be there (CWE-306)."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import EVERY, Repair, Wanted
from buckler.scan.python.constants import truth
from buckler.scan.python.index import Function, argument, default_of, last, unpacks
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.applications import (
    annotation_parts,
    route_at,
)

_READERS = ("os.getenv", "os.environ.get", "getenv", "environ.get")
_DEPTH = 3


def enforced(draft: Draft, finding: Finding) -> Repair | None:
    """A scheme that refuses by itself, or a setting that has to be there."""
    operation = finding.location.operation
    if setting_required(draft, finding.location.line or 0):
        return draft.repair(
            "reads the setting as one that has to be there",
            safe=False,
            changes="where the setting is missing, requests fail instead of being let in",
            wanted=Wanted(refused=frozenset({operation or EVERY})),
        )
    if operation is None or not scheme_enforced(draft, finding):
        return None
    return draft.repair(
        "refuses requests without the credential",
        safe=False,
        changes=f"whoever sends no credential gets no answer from {operation}, nor from other routes "
        "that use the same scheme",
        wanted=Wanted(refused=frozenset({operation})),
    )


def setting_required(draft: Draft, line: int) -> bool:
    """``os.environ.get("KEY")`` that is compared in a function becomes ``os.environ["KEY"]``."""
    function = next((f for f in draft.index.functions if f.lineno == line), None)
    done = False
    for node in ast.walk(function) if function is not None else ():
        for side in (node.left, *node.comparators) if isinstance(node, ast.Compare) else ():
            if (
                isinstance(side, ast.Call)
                and draft.index.name(side.func) in _READERS
                and len(side.args) == 1
                and not side.keywords
            ):
                environ = draft.name_for("os.environ", side)
                draft.replace(side, f"{environ}[{draft.of(side.args[0])}]")
                done = True
    return done


def scheme_enforced(draft: Draft, finding: Finding) -> bool:
    """Take ``auto_error=False`` off the one scheme of a route; whether it has one, made in the same file.

    Of several schemes each may be left out where another is given, so that is left to a person.
    """
    found = route_at(draft, finding)
    schemes = list(_schemes(draft, found[0], 0)) if found is not None else []
    calls = {id(call): call for call in schemes}
    if len(calls) != 1:
        return False
    (call,) = calls.values()
    if unpacks(call) or truth(draft.index, argument(call, "auto_error")) is not False:
        return False
    draft.remove_keyword(call, "auto_error")
    return True


def _schemes(draft: Draft, function: Function, depth: int) -> list[ast.Call]:
    made: list[ast.Call] = []
    for given in (*function.args.args, *function.args.kwonlyargs):
        default = default_of(function, given.arg)
        for mark in (default, *annotation_parts(given.annotation)[1]):
            if not isinstance(mark, ast.Call) or last(mark.func) not in ("Depends", "Security"):
                continue
            target = argument(mark, "dependency", 0)
            found = definition(draft.index, target) if target is not None else None
            if found is None or found[0].path != draft.path:
                continue
            if isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef) and depth < _DEPTH:
                inner = draft.index.function(found[1].name)
                made += _schemes(draft, inner, depth + 1) if inner is not None else []
            elif isinstance(found[1], ast.Call):
                made += [c for c in draft.index.calls if _same(c, found[1])]
    return made


def _same(one: ast.Call, other: ast.Call) -> bool:
    return (one.lineno, one.col_offset) == (other.lineno, other.col_offset)

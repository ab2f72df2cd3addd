"""Leaves fields that decide about rights out of a dump that is stored."""

from __future__ import annotations

import ast
import re

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Function
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.applications import class_names

_SETS = re.compile(r"^The request sets ([\w, ]+) of ")
_LETS = re.compile(r" lets \S+ set ([\w, ]+)\.$")
_OPEN = "The request names the fields itself"
_DUMPS = frozenset({"model_dump", "dict"})


def exclude(draft: Draft, finding: Finding) -> Repair | None:
    """``model_dump(exclude={"role"})``, where the dump at that line, or the one of that handler, takes everything so far.

    A model that keeps whatever is sent drops instead what it does not declare: another field would do as well.
    """
    told, lets = _SETS.match(finding.message), _LETS.search(finding.message)
    if told is not None:
        return _left_out(draft, [c for c in draft.calls_at(finding) if _takes_all(c)][:1], told[1])
    function = _function_at(draft, finding.location.line or 0)
    if function is None or not (lets or finding.message.startswith(_OPEN)):
        return None
    if model := _closed(draft, function):
        return draft.repair(
            f"drops what {model} does not declare",
            safe=False,
            changes=f"fields of the body that {model} does not declare are no longer taken",
        )
    dumps = [call for call in draft.index.calls_in(function) if _takes_all(call)]
    return _left_out(draft, dumps, lets[1]) if lets is not None and len(dumps) == 1 else None


def _takes_all(call: ast.Call) -> bool:
    given = {keyword.arg for keyword in call.keywords}
    named = isinstance(call.func, ast.Attribute) and call.func.attr in _DUMPS
    return named and not call.args and not {"include", "exclude", None} & given


def _left_out(draft: Draft, calls: list[ast.Call], names: str) -> Repair | None:
    for call in calls:
        listed = ", ".join(draft.quote(name) for name in names.split(", "))
        draft.set_keyword(call, "exclude", f"{{{listed}}}")
    return draft.repair(
        f"leaves {names} out of what is stored",
        safe=False,
        changes=f"{names} of the body is no longer taken: set it in code",
    )


def _function_at(draft: Draft, line: int) -> Function | None:
    around = [f for f in draft.index.functions if f.lineno <= line <= (f.end_lineno or 0)]
    return max(around, key=lambda f: f.lineno, default=None)


def _closed(draft: Draft, function: Function) -> str:
    """Have the model of a parameter drop what it does not declare; its name, or an empty text."""
    for given in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        for kind in class_names(given.annotation):
            found = definition(draft.index, kind)
            if found is None or not isinstance(found[1], ast.ClassDef):
                continue
            other = draft if found[0].path == draft.path else draft.other(found[0].path)
            model = other.index.class_named(found[1].name)
            word = _kept(model) if model is not None else None
            if word is not None:
                other.replace(word, other.quote("ignore"))
                return found[1].name
    return ""


def _kept(model: ast.ClassDef) -> ast.Constant | None:
    """The word ``"allow"`` of a model's ``extra``."""
    for keyword in (n for n in ast.walk(model) if isinstance(n, ast.keyword)):
        value = keyword.value
        if keyword.arg == "extra" and isinstance(value, ast.Constant) and value.value == "allow":
            return value
    return None

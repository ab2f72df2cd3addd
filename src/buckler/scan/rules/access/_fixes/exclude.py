"""Leaves fields that decide about rights out of a dump that is stored."""

from __future__ import annotations

import ast
import re

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair

_SETS = re.compile(r"^The request sets ([\w, ]+) of ")
_DUMPS = frozenset({"model_dump", "dict"})


def exclude(draft: Draft, finding: Finding) -> Repair | None:
    """``model_dump(exclude={"role"})``, where the dump at that line takes everything so far."""
    told = _SETS.match(finding.message)
    if told is None:
        return None
    names = told[1].split(", ")
    for call in draft.calls_at(finding):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _DUMPS or call.args:
            continue
        if {"include", "exclude", None} & {keyword.arg for keyword in call.keywords}:
            continue
        listed = ", ".join(draft.quote(name) for name in names)
        draft.set_keyword(call, "exclude", f"{{{listed}}}")
        return draft.repair(
            f"leaves {told[1]} out of what is stored",
            safe=False,
            changes=f"{told[1]} of the body is no longer taken: set it in code",
        )
    return None

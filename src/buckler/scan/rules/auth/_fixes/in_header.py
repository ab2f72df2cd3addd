"""Takes a credential from a header instead of the address (CWE-598)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text
from buckler.scan.python.index import Function, argument, last, unpacks
from buckler.scan.rules._support.applications import Declared, annotation_parts, declared

HEADER = "X-API-Key"


def taken_from_header(draft: Draft, function: Function, slot: str) -> bool:
    """Change what a handler, or what it depends on, takes a credential from; whether it was found."""
    name = slot.partition(":")[2]
    for call in draft.index.called("APIKeyQuery"):
        if text(draft.index, argument(call, "name")) == name and not unpacks(call):
            draft.set_callee(call, draft.name_for("fastapi.security.APIKeyHeader", call))
            draft.set_keyword(call, "name", draft.quote(HEADER))
            return True
    place = declared(draft, function, slot)
    return place is not None and place.draft is draft and _as_header(place)


def _as_header(place: Declared) -> bool:
    draft = place.draft
    kind, marks = annotation_parts(place.annotation)
    if not isinstance(place.node, ast.arg) or kind is None or last(kind) != "str":
        return False
    header = draft.name_for("fastapi.Header", place.node)
    alias = f"alias={draft.quote(HEADER)}"
    for mark in (place.default, *marks):
        if isinstance(mark, ast.Call):
            if last(mark.func) != "Query" or unpacks(mark):
                return False
            draft.set_callee(mark, header)
            draft.set_keyword(mark, "alias", draft.quote(HEADER))
            return True
    if marks:
        return False
    annotated = draft.name_for("typing.Annotated", place.node)
    draft.wrap(place.annotation, f"{annotated}[", f", {header}({alias})]")
    return True

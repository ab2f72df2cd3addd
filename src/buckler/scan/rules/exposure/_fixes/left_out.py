"""Leaves secrets out of answers (CWE-200, CWE-213)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last, unpacks
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.applications import (
    Declared,
    bounded,
    class_names,
    field_statements,
)

_DEPTH = 4
_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "tuple", "set"})
_RESPONSES = "Response"


def field_excluded(draft: Draft, function: Function, decorator: ast.Call, name: str) -> bool:
    """Exclude a field of the answer's model, wherever in it the field is; whether it was found."""
    model = argument(decorator, "response_model") or function.returns
    found = next(_fields(draft, model, name, 0), None)
    return found is not None and bounded(found, exclude="True")


def _fields(draft: Draft, annotation: ast.expr | None, name: str, depth: int) -> Iterator[Declared]:
    for kind in class_names(annotation) if depth < _DEPTH else ():
        found = definition(draft.index, kind)
        if found is None or not isinstance(found[1], ast.ClassDef):
            continue
        other = draft if found[0].path == draft.path else draft.other(found[0].path)
        owner = other.index.class_named(found[1].name)
        for item in field_statements(other, owner) if owner is not None else ():
            if last(item.target) == name:
                yield Declared(other, item, item.annotation, item.value, "Field")
            else:
                yield from _fields(other, item.annotation, name, depth + 1)


def answer_without(
    draft: Draft, function: Function, decorator: ast.Call, names: Sequence[str]
) -> bool:
    """Exclude fields from the answer of one route; whether it could be done.

    FastAPI leaves fields out where the answer has a model. Of a route that says nothing of its answer, or that it
    has none, what is returned is encoded as FastAPI would, but for these fields.
    """
    answers = [keyword.arg for keyword in decorator.keywords]
    if unpacks(decorator) or {"response_model_exclude", "response_class"} & set(answers):
        return False
    model = argument(decorator, "response_model") or function.returns
    if model is not None and any(_RESPONSES in last(n) for n in class_names(model)):
        return False
    bare = "{" + ", ".join(draft.quote(name) for name in names) + "}"
    if model is None or (isinstance(model, ast.Constant) and model.value is None):
        return _encoded_without(draft, function, bare)
    is_list = isinstance(model, ast.Subscript) and last(model.value) in _LISTS
    listed = f"{{{draft.quote('__all__')}: {bare}}}" if is_list else bare
    draft.set_keyword(decorator, "response_model_exclude", listed)
    return True


def _encoded_without(draft: Draft, function: Function, listed: str) -> bool:
    """Encode whatever a handler returns without some fields; whether it returns no response of its own."""
    returned = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
        and node.value is not None
        and draft.index.function_of(node) is function
    ]
    own = any(isinstance(v, ast.Call) and last(v.func).endswith(_RESPONSES) for v in returned)
    if not returned or own:
        return False
    for value in returned:
        encoder = draft.name_for("fastapi.encoders.jsonable_encoder", value)
        draft.wrap(value, f"{encoder}(", f", exclude={listed})")
    return True

"""Keeps a value that is logged on one line (CWE-117)."""

from __future__ import annotations

import ast
import re

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import last
from buckler.scan.rules.injection._fixes.pieces import Letter, Value, pieces_of

_METHODS = frozenset("debug info warning warn error critical exception log".split())
_FIELD = re.compile(r"%(?:%|[-+ #0-9.]*[a-zA-Z])")


def kept_on_one_line(draft: Draft, call: ast.Call) -> str:
    """Take the line ends out of what a call of a logger writes.

    Returns:
        ``escaped`` where every value is known to be text and keeps its looks, ``shown`` where one is
        written by ``repr``, empty where nothing could be done.
    """
    if last(call.func) not in _METHODS or not call.args:
        return ""
    template = call.args[1 if last(call.func) == "log" and len(call.args) > 1 else 0]
    values = call.args[call.args.index(template) + 1 :]
    if isinstance(template, ast.JoinedStr) and not values:
        return _in_f_string(draft, template)
    if isinstance(template, ast.Constant) and isinstance(template.value, str) and values:
        return _in_arguments(draft, template, values)
    return ""


def _in_f_string(draft: Draft, template: ast.JoinedStr) -> str:
    try:
        pieces = pieces_of(draft, template)
    except UnreadableText:
        return ""
    plain = [value for value in pieces.values if value.plain]
    for value in plain:
        draft.edit(value.start, value.end, f"{{{value.source.strip()}!r}}")
    return "shown" if plain else ""


def _in_arguments(draft: Draft, template: ast.Constant, values: list[ast.expr]) -> str:
    fields = [f for f in _FIELD.findall(str(template.value)) if f != "%%"]
    if len(fields) != len(values):
        return ""
    open_ones = [v for f, v in zip(fields, values, strict=True) if f.endswith("s")]
    changing = [v for v in open_ones if not isinstance(v, ast.Constant)]
    if changing and all(_is_text(draft, value) for value in changing):
        for value in changing:
            draft.wrap(
                value,
                "",
                '.replace("\\r", "\\\\r").replace("\\n", "\\\\n")'
                if draft.usual_quote == '"'
                else ".replace('\\r', '\\\\r').replace('\\n', '\\\\n')",
            )
        return "escaped"
    return _shown(draft, template) if changing else ""


def _shown(draft: Draft, template: ast.Constant) -> str:
    try:
        parts = pieces_of(draft, template).parts
    except UnreadableText:
        return ""
    letters = [part for part in parts if isinstance(part, Letter)]
    if len(letters) != len(parts) or any(isinstance(part, Value) for part in parts):
        return ""
    changed = False
    for found in _FIELD.finditer("".join(letter.text for letter in letters)):
        if found.group() == "%s":
            at = letters[found.end() - 1]
            draft.edit(at.start, at.end, "r")
            changed = True
    return "shown" if changed else ""


def _is_text(draft: Draft, node: ast.expr) -> bool:
    """Whether a name is a parameter that is declared as text and set nowhere else."""
    if not isinstance(node, ast.Name) or draft.index.values(node):
        return False
    parameter = draft.index.parameter(node)
    annotation = parameter.annotation if parameter is not None else None
    if isinstance(annotation, ast.Subscript) and last(annotation.value) == "Annotated":
        inside = annotation.slice
        annotation = inside.elts[0] if isinstance(inside, ast.Tuple) else inside
    return annotation is not None and last(annotation) == "str"

"""Takes values out of the source of a template and hands them over as its context (CWE-1336)."""

from __future__ import annotations

import ast
import keyword

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.quotes import quoted
from buckler.scan.python.index import last
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.injection._fixes.pieces import Letter, Pieces, Value, pieces_of

_MAKERS = ("jinja2.Template", "jinja2.Environment().from_string", "jinja2.Environment.from_string")
_MANY = 6


def as_context(draft: Draft, call: ast.Call) -> bool:
    """``Template("Hello " + name).render()`` becomes ``Template("Hello {{ name }}").render(name=name)``.

    Returns:
        Whether it could be done: the source is put together here, and rendered where it is made.
    """
    made, render = _made_and_rendered(draft, call)
    if made is None or render is None or len(made.args) != 1:
        return False
    given = made.args[0]
    where = assigned(draft.index, given)
    source = where.value if where is not None and where.value is not None else given
    try:
        pieces = pieces_of(draft, source)
    except UnreadableText:
        return False
    names = _names(pieces, render)
    if not names or pieces.how not in ("f", "+"):
        return False
    written = "".join(
        part.text if isinstance(part, Letter) else "{{ " + names[part.source] + " }}"
        for part in pieces.parts
    )
    if "\n" in written or "\n" in draft.of(source):
        return False
    draft.replace(source, quoted(written, draft.usual_quote))
    for value, name in names.items():
        draft.set_keyword(render, name, value)
    return True


def _made_and_rendered(draft: Draft, call: ast.Call) -> tuple[ast.Call | None, ast.Call | None]:
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if last(call.func) == "render" and isinstance(inner, ast.Call):
        return (inner, call) if _is_maker(draft, inner) else (None, None)
    if _is_maker(draft, call):
        attribute = draft.index.parents.get(call)
        outer = draft.index.parents.get(attribute) if attribute is not None else None
        if isinstance(attribute, ast.Attribute) and attribute.attr == "render":
            return call, outer if isinstance(outer, ast.Call) else None
    return None, None


def _is_maker(draft: Draft, call: ast.Call) -> bool:
    return draft.index.name(call.func) in _MAKERS or last(call.func) == "from_string"


def _names(pieces: Pieces, render: ast.Call) -> dict[str, str]:
    """A name in the template for each value; nothing where one is not plain or stands in a tag."""
    taken = {k.arg for k in render.keywords}
    names: dict[str, str] = {}
    before = ""
    for part in pieces.parts:
        if isinstance(part, Letter):
            before += part.text
            continue
        inside = before.count("{{") > before.count("}}") or before.count("{%") > before.count("%}")
        if inside or not part.plain or None in taken:
            return {}
        if part.source not in names:
            wanted = _name_of(part, len(names))
            if wanted in taken or wanted in names.values():
                return {}
            names[part.source] = wanted
    return names if len(names) <= _MANY else {}


def _name_of(value: Value, number: int) -> str:
    short = value.source.rpartition(".")[2].strip()
    plain = short.isidentifier() and not keyword.iskeyword(short) and short != "self"
    return short if plain else f"value_{number + 1}"

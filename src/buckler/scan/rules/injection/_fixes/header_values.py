"""Quotes input in the value of a header (CWE-113)."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.injection._fixes.pieces import Letter, Pieces, Value, pieces_of

_NAME = 'filename="'
_FULL_NAME = "filename*=UTF-8''"
_RESPONSES = "headers"


def quoted_in_header(draft: Draft, line: int) -> str:
    """Quote the values of the headers that a line sets.

    The name of a file becomes ``filename*=UTF-8''…`` (RFC 6266, 4.3), which says the same name. From
    any other value the line ends are taken, which no header can have (RFC 9110, 5.5).

    Returns:
        ``seen`` where the name of a file is written anew, ``alike`` where line ends are gone alone, empty where
        nothing could be done.
    """
    done = ""
    for key, value in _headers(draft, line):
        named = isinstance(key, ast.Constant) and isinstance(key.value, str)
        if named and str(key.value).lower() == "content-disposition":  # type: ignore[attr-defined]
            done = "seen" if _file_name(draft, _made(draft, value)) else done
        elif isinstance(value, ast.Name) and _is_text(draft, value):
            ends = [draft.quote("\r"), draft.quote("\n"), draft.quote("")]
            draft.wrap(value, "", f".replace({ends[0]}, {ends[2]}).replace({ends[1]}, {ends[2]})")
            done = done or "alike"
    return done


def _headers(draft: Draft, line: int) -> list[tuple[ast.expr, ast.expr]]:
    """Names and values of the headers that an assignment or a response at a line sets."""
    found: list[tuple[ast.expr, ast.expr]] = []
    for assign in draft.nodes_at(line, draft.index.all(ast.Assign)):
        target = assign.targets[0]
        if isinstance(target, ast.Subscript):
            found.append((target.slice, assign.value))
    for call in draft.nodes_at(line, draft.index.calls):
        for keyword in call.keywords:
            if keyword.arg != _RESPONSES:
                continue
            where = assigned(draft.index, keyword.value)
            given = where.value if where is not None else keyword.value
            if isinstance(given, ast.Dict):
                pairs = zip(given.keys, given.values, strict=True)
                found += [(key, value) for key, value in pairs if key is not None]
    return found


def _made(draft: Draft, value: ast.expr) -> ast.expr:
    """The text that a variable is set to which is there for this header alone, or the value itself."""
    where = assigned(draft.index, value)
    function = draft.index.function_of(value)
    if where is None or where.value is None or function is None or not isinstance(value, ast.Name):
        return value
    names = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == value.id)
    return where.value if sum(isinstance(n.ctx, ast.Load) for n in names) == 1 else value


def _file_name(draft: Draft, value: ast.expr) -> bool:
    try:
        pieces = pieces_of(draft, value)
    except UnreadableText:
        return False
    place = _quoted_name(pieces)
    if pieces.how != "f" or place is None:
        return False
    first, last = place
    parts = pieces.parts
    opened, closed = parts[first - len(_NAME)], parts[last]
    draft.edit(opened.start, parts[first - 1].end, _full_name(opened))
    for part in parts[first:last]:
        if isinstance(part, Value):
            quote = draft.name_for("urllib.parse.quote", value)
            nothing = (
                '""' if _is_single(opened) else "''"
            )  # before 3.12 not the literal's own quote
            made = f"{{{quote}({part.source.strip()}, safe={nothing})}}"
            draft.edit(part.start, part.end, made)
    draft.edit(closed.start, closed.end, "")
    return True


def _full_name(opened: Letter | Value) -> str:
    return _FULL_NAME.replace("'", "\\'") if _is_single(opened) else _FULL_NAME


def _is_single(letter: Letter | Value) -> bool:
    return isinstance(letter, Letter) and letter.token.quote == "'"


def _quoted_name(pieces: Pieces) -> tuple[int, int] | None:
    """Where the name of the file begins and ends among the parts."""
    text = "".join(part.text if isinstance(part, Letter) else "\0" for part in pieces.parts)
    start = text.find(_NAME)
    begin = start + len(_NAME)
    end = text.find('"', begin) if start >= 0 else -1
    inner = pieces.parts[begin:end] if end > 0 else []
    plain = all(
        p.plain if isinstance(p, Value) else p.text.isalnum() or p.text in "._-" for p in inner
    )
    return (begin, end) if inner and plain and "\0" in text[begin:end] else None


def _is_text(draft: Draft, node: ast.Name) -> bool:
    parameter = draft.index.parameter(node)
    annotation = parameter.annotation if parameter is not None else None
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        annotation = annotation.slice.elts[0]
    text = isinstance(annotation, ast.Name) and annotation.id == "str"
    return text and not draft.index.values(node)

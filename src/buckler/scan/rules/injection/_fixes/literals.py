"""Which values of an SQL statement can be bound: those in its literals, and those that stand where one can."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from buckler.scan.rules.injection._fixes.pieces import Letter, Pieces, Value

_BEFORE = re.compile(
    r"(?:(?:[^<>=!~]|^)(?:=|<|>|<=|>=|<>|!=)|\b(?:NOT\s+)?(?:LIKE|ILIKE|BETWEEN)|\bLIMIT|\bOFFSET)\s*$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\bVALUES\s*\([^()]*(?:[(,])\s*$|\bVALUES\s*\(\s*$", re.IGNORECASE)
_AFTER = re.compile(
    r"\s*(?:$|[,);]|\b(?:AND|OR|ORDER|GROUP|LIMIT|OFFSET|HAVING|RETURNING|UNION|WHERE|ON|THEN|ELSE|END)\b)",
    re.IGNORECASE,
)
_UTILITY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:PRAGMA|ALTER|CREATE|DROP|SET|RESET|SHOW|USE|GRANT|REVOKE|ATTACH|DETACH|VACUUM|ANALYZE"
    r"|COPY|COMMENT|TRUNCATE|LISTEN|NOTIFY|LOCK|BEGIN|COMMIT|ROLLBACK|DO|DECLARE|KILL|LOAD)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Statements in which the databases take no bound values."""
MARK = "\0"


@dataclass(frozen=True, slots=True)
class Bindable:
    """A part of a statement that becomes one parameter.

    Attributes:
        parts: The letters and values that the parameter's value is made of, SQL quotes left out.
        first: The first part that goes: the quote, or the value itself.
        last: The last one.
        index: Of the first part among all.
    """

    parts: tuple[Letter | Value, ...]
    first: Letter | Value
    last: Letter | Value
    index: int

    @property
    def is_quoted(self) -> bool:
        """Whether it stood in quotes, so that it was a text for the database."""
        return isinstance(self.first, Letter)


def bindable(pieces: Pieces) -> list[Bindable]:
    """What of a statement can be bound, in order.

    A value outside of a literal is one where a value stands: behind a comparison, ``LIMIT`` or in
    ``VALUES``. Names of tables and columns, directions and lists are none.
    """
    parts = pieces.parts
    found: list[Bindable] = []
    at = len(parts) if _UTILITY.match(outline(parts)) else 0
    while at < len(parts):
        part = parts[at]
        if isinstance(part, Value):
            if part.plain and _stands_for_value(parts, at):
                found.append(Bindable((part,), part, part, at))
            at += 1
            continue
        if part.text == "'":
            at = _literal(parts, at, found)
        elif part.text in '"`':
            at = _skipped(parts, at, part.text)
        elif _text(parts, at, 2) == "--":
            at = _until(parts, at, "\n")
        elif _text(parts, at, 2) == "/*":
            at = _until(parts, at, "*/")
        else:
            at += 1
    return found


def outline(parts: Sequence[Letter | Value]) -> str:
    """The text with a mark for each value."""
    return "".join(part.text if isinstance(part, Letter) else MARK for part in parts)


def _literal(parts: Sequence[Letter | Value], at: int, found: list[Bindable]) -> int:
    """Read a literal; if values stand in it, it can be bound as a whole."""
    end = at + 1
    while end < len(parts):
        part = parts[end]
        if isinstance(part, Letter) and part.text == "'":
            if _text(parts, end, 2) == "''":
                end += 2
                continue
            break
        end += 1
    if end >= len(parts):
        return len(parts)
    inner = tuple(parts[at + 1 : end])
    values = [part for part in inner if isinstance(part, Value)]
    doubled = any(isinstance(p, Letter) and p.text in "'\\" for p in inner)
    prefixed = at > 0 and re.search(r"\b[a-zA-Z_]$", outline(parts[:at])) is not None
    if values and not doubled and not prefixed and all(value.plain for value in values):
        found.append(Bindable(inner, parts[at], parts[end], at))
    return end + 1


def _skipped(parts: Sequence[Letter | Value], at: int, quote: str) -> int:
    end = at + 1
    while end < len(parts):
        part = parts[end]
        if isinstance(part, Letter) and part.text == quote:
            return end + 1
        end += 1
    return len(parts)


def _until(parts: Sequence[Letter | Value], at: int, closing: str) -> int:
    while at < len(parts) and _text(parts, at, len(closing)) != closing:
        at += 1
    return at + len(closing)


def _text(parts: Sequence[Letter | Value], at: int, length: int) -> str:
    return outline(parts[at : at + length])


def _stands_for_value(parts: Sequence[Letter | Value], at: int) -> bool:
    before, after = outline(parts[:at]), outline(parts[at + 1 :])
    if not _AFTER.match(after):
        return False
    return bool(_BEFORE.search(before) or _LISTED.search(before))

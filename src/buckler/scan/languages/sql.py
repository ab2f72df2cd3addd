"""Where a word stands in an SQL statement: in a literal, a name, a comment, or outside of them.

Covers the quoting of SQLite, PostgreSQL and MySQL. Quotes that are doubled stay inside; a
backslash does so for MySQL only, which is why a payload that ends a literal on the others is
tried with one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<literal>'(?:[^']|'')*(?:'|\Z))
  | (?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?(?:\$(?P=tag)\$|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\]\n]*\])
  | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<word>\w+)
  | (?P<space>\s+)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(statement: str) -> Iterator[tuple[str, str]]:
    """Pairs of kind and text; the texts joined give the statement."""
    for matched in _TOKEN.finditer(statement):
        kind = matched.lastgroup or "sign"
        yield ("dollar" if kind == "tag" else kind), matched.group()


def stands_outside(statement: str, canary: str, payload: str) -> bool:
    """Whether a payload is read as SQL.

    Args:
        statement: The text that was sent to the database, perhaps cut at both ends.
        canary: The word to look for.
        payload: The whole value that was sent; more of it than the canary must have come
            through, because a bare word also passes a filter for identifiers.

    Returns:
        True where the canary is a word of the statement itself, next to the part of the
        payload that a literal or a filter would have kept in.
    """
    lowered = statement.lower()
    canary = canary.lower()
    before = payload.lower().partition(canary)[0]
    telling = re.search(r"\W+$", before)
    sign = telling.group() if telling else ""
    at = 0
    previous = ""
    for kind, text in tokens(lowered):
        if kind == "word" and canary in text and _came_through(lowered[:at], sign, previous):
            return True
        if (
            kind in ("literal", "name")
            and text[0] in "'\"`"
            and _opened_by_payload(text, sign, canary)
        ):
            return True
        at += len(text)
        previous = kind
    return False


def _came_through(before: str, sign: str, previous: str) -> bool:
    """The character that makes the difference stands right before the canary, as it was sent."""
    if not sign:
        return False
    if sign.isspace():
        return before.endswith(sign) or (previous == "space" and before[-1:].isspace())
    return before.endswith(sign)


def _opened_by_payload(text: str, sign: str, canary: str) -> bool:
    """A literal that begins with the payload's own quote: ``id = sample'canary`` without quotes.

    The quote opened something instead of being kept in something, so the input was not quoted.
    """
    return bool(sign) and sign[-1] in "'\"`" and text[0] == sign[-1] and text[1:].startswith(canary)

"""Writes a text as a Python literal in the quotes that a file uses."""

from __future__ import annotations

import re

_STRING = re.compile(r"(?<![\w\"'])[rRbBfFuU]{0,2}(['\"])(?!\1)")


def literal(value: str, source: str) -> str:
    """A text as a literal.

    Args:
        value: The text; it stands on one line.
        source: The file, whose usual quotes are taken unless the other ones save escapes.
    """
    return quoted(value, usual(source))


def usual(source: str) -> str:
    """The quote that a file begins most of its literals with; ``"`` where it has none."""
    found = _STRING.findall(source)
    return "'" if found.count("'") > found.count('"') else '"'


def quoted(value: str, quote: str) -> str:
    """A text in the given quotes, or in the other ones where that saves escapes."""
    other = "'" if quote == '"' else '"'
    if quote in value and other not in value:
        quote = other
    body = value.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    body = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in body
    )
    return f"{quote}{body}{quote}"

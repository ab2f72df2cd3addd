"""Writes a text as a Python literal in the quotes that a file uses."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.text import Text

_OPENING = re.compile(r"[A-Za-z]{0,2}('''|\"\"\"|'|\")")


def usual(text: Text, literals: list[ast.expr]) -> str:
    """The quote that a file begins most of its literals with; ``"`` where it has none.

    Args:
        text: Of the file.
        literals: Texts of its tree. Quotes within one, as SQL has them, are not counted.
    """
    found = []
    for node in literals:
        opened = _OPENING.match(text.text, text.span(node)[0])
        if opened is not None:
            found.append(opened.group(1))
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

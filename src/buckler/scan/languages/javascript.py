"""Whether a word in JavaScript stands outside of every text and comment (ECMA-262, lexical grammar)."""

from __future__ import annotations

_QUOTES = ("'", '"', "`")


def stands_outside(source: str, word: str) -> bool:
    """Whether a word stands where it is read as code.

    Args:
        source: JavaScript; a regular expression in it is taken for code.
        word: To look for; it has no quotes of its own.
    """
    at = 0
    while at < len(source):
        if source.startswith(word, at):
            return True
        letter = source[at]
        if letter in _QUOTES:
            at = _end_of_text(source, at)
        elif source.startswith("//", at):
            end = source.find("\n", at)
            at = len(source) if end < 0 else end
        elif source.startswith("/*", at):
            end = source.find("*/", at + 2)
            at = len(source) if end < 0 else end + 2
        else:
            at += 1
    return False


def _end_of_text(source: str, start: int) -> int:
    """Behind the quote that ends a text; a template's placeholder ends it for the reader's purpose."""
    quote, at = source[start], start + 1
    while at < len(source):
        if source[at] == "\\":
            at += 2
        elif source[at] == quote or (quote != "`" and source[at] == "\n"):
            return at + 1
        elif quote == "`" and source.startswith("${", at):
            return at + 2
        else:
            at += 1
    return at

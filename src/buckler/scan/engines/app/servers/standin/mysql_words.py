"""Takes statements of MySQL apart into words, as far as a server must before it runs them.

What stands in quotes and comments is told from what is SQL (MySQL reference manual, "Language
Structure"): for splitting several statements, for question marks and for what a session knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<string>'(?:[^'\\]|\\.|'')*+(?:'|\Z)|\"(?:[^\"\\]|\\.|\"\")*+(?:\"|\Z))"
    r"|(?P<name>`(?:[^`]|``)*+(?:`|\Z))"
    r"|(?P<comment>--(?=\s|\Z)[^\n]*+|\#[^\n]*+|/\*.*?(?:\*/|\Z))"
    r"|(?P<variable>@@?(?:[\w$]+\.)?[\w$]+)"
    r"|(?P<word>[^\W\d][\w$]*+)"
    r"|(?P<number>\d[\w.]*+)"
    r"|(?P<other>[^\s])",
    re.S,
)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_AFTER_LIST = ("FROM", "WHERE", "LIMIT", "UNION", "ORDER", "INTO", "GROUP", "HAVING")
_LAST_OF_VALUES = ("END", "NULL", "TRUE", "FALSE")
_MOMENTS = {
    **dict.fromkeys(("NOW", "SYSDATE", "LOCALTIME", "LOCALTIMESTAMP"), "CURRENT_TIMESTAMP"),
    **dict.fromkeys(("UTC_TIMESTAMP", "CURRENT_TIMESTAMP"), "CURRENT_TIMESTAMP"),
    **dict.fromkeys(("CURDATE", "UTC_DATE"), "CURRENT_DATE"),
    **dict.fromkeys(("CURTIME", "UTC_TIME"), "CURRENT_TIME"),
}
"""What the time is called in every dialect."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a statement.

    Attributes:
        kind: ``string``, ``name``, ``variable``, ``word``, ``number`` or ``other``.
        text: As it stands there; a word in upper case.
        start: Where it begins.
        end: Where it ends.
    """

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, without its comments."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "other"
        if kind != "comment":
            shown = found[0].upper() if kind == "word" else found[0]
            yield Token(kind, shown, found.start(), found.end())


def split(text: str) -> list[str]:
    """The statements of a text, without those that are empty."""
    if ";" not in text:
        return [text] if text.strip() else []
    ends = [one.start for one in tokens(text) if one.text == ";"]
    starts = [0, *(end + 1 for end in ends)]
    parts = [text[a:b].strip() for a, b in zip(starts, [*ends, len(text)], strict=True)]
    return [part for part in parts if next(tokens(part), None) is not None]


def unquoted(text: str) -> str:
    """What a quoted name or string stands for; anything else as it is."""
    quote = text[:1]
    if quote not in ("'", '"', "`") or len(text) < 2:
        return text
    inside = text[1:-1].replace(quote * 2, quote)
    if quote == "`":
        return inside
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inside, flags=re.S)


def quoted(value: object) -> str:
    """A value as a literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def marks(text: str) -> list[int]:
    """Where the question marks of a prepared statement are."""
    return [one.start for one in tokens(text) if one.text == "?"]


def filled(text: str, values: Sequence[object]) -> str:
    """A prepared statement with its values."""
    places = marks(text)
    changes = [(at, at + 1, quoted(value)) for at, value in zip(places, values, strict=True)]
    return changed(text, changes)


def changed(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """A text with some of its parts replaced; they come in order."""
    parts, done = [], 0
    for start, end, new in changes:
        parts += [text[done:start], new]
        done = end
    return "".join((*parts, text[done:]))


def known(text: str, value_of: Callable[[str], object], functions: frozenset[str]) -> str:
    """A statement with the values of what the session knows in place of its names.

    Args:
        text: One statement.
        value_of: Tells the value of ``@@name``, ``@name`` or ``NAME()``.
        functions: The functions without arguments that it knows.
    """
    words = [*tokens(text), *(Token("other", "", len(text), len(text)),) * 2]
    changes: list[tuple[int, int, str]] = []
    for one, after, last in zip(words, words[1:], words[2:], strict=False):
        if one.kind == "variable":
            changes.append((one.start, one.end, quoted(value_of(one.text))))
        elif after.text == "(" and one.kind == "word":
            if one.text in functions and last.text == ")":
                changes.append((one.start, last.end, quoted(value_of(one.text))))
            elif one.text in _MOMENTS and (last.text == ")" or last.kind == "number"):
                end = text.index(")", last.start) + 1
                changes.append((one.start, end, _MOMENTS[one.text]))
    return changed(text, changes)


def titles(text: str, words: Sequence[Token]) -> list[str]:
    """The names of a SELECT's columns; empty where the databases know better.

    What has no name of its own is called by its text, as in MySQL.
    """
    if not words or words[0].text != "SELECT":
        return []
    items: list[list[Token]] = [[]]
    depth = 0
    for one in words[1:]:
        depth += (one.text == "(") - (one.text == ")")
        if not depth and one.text in _AFTER_LIST:
            break
        if one.text == "," and not depth:
            items.append([])
        elif items[-1] or one.text not in ("DISTINCT", "ALL"):
            items[-1].append(one)
    if any(not item or item[-1].text == "*" for item in items):
        return []
    return [_title(text, item) for item in items]


def _title(text: str, item: list[Token]) -> str:
    last, before = item[-1], item[-2].text if len(item) > 1 else ""
    names = last.kind in ("word", "name", "string") and last.text not in _LAST_OF_VALUES
    ends = before == ")" or before[-1:].isalnum() or before[-1:] in ("_", "`", "'", '"')
    if names and (not before or before == "." or ends):
        return ""
    return text[item[0].start : last.end]

"""Makes text of the application harmless before it goes into a report.

The scanned application is not trusted: a route, a line of code or an answer may hold escape
sequences that write into the reader's terminal (CWE-150), direction marks that make code read
as something else (CWE-1007), or mark-up (CWE-79, CWE-91). Every format passes such text
through here; what is dangerous is made visible, not dropped, because it may be the evidence.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

DOTS = "…"
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_ASCII = str.maketrans(
    {"…": "...", "→": "->", "·": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"'}
)


def _visible(found: re.Match[str]) -> str:
    code = ord(found.group())
    named = {13: "\\r", 0: "\\0"}.get(code)
    if named:
        return named
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def block(text: object) -> str:
    """Text of several lines: control and direction characters are shown as escapes.

    What is left can be encoded in UTF-8 and stand in an XML 1.0 document.
    """
    lines = str(text).replace("\r\n", "\n").expandtabs(4)
    return _CONTROL.sub(_visible, lines)


def line(text: object) -> str:
    """Text on one line: line breaks are shown as escapes too."""
    kept = str(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", " ")
    return _CONTROL.sub(_visible, kept)


def ascii_only(text: str) -> str:
    """Text for an output that may not know Unicode; the rest is shown as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def width(text: str) -> int:
    """Columns that the text takes in a terminal."""
    return cell_len(text)


def cut(text: str, columns: int) -> str:
    """At most ``columns`` wide, with an ellipsis where something is missing."""
    if cell_len(text) <= columns:
        return text
    return set_cell_size(text, max(columns - 1, 0)).rstrip() + DOTS if columns > 0 else ""


def around(text: str, mark: str, columns: int) -> str:
    """A piece of ``columns`` characters that has the mark in it, early enough to be seen."""
    if len(text) <= columns:
        return text
    at = text.lower().find(mark.lower()) if mark else -1
    start = 0 if at < 0 else max(min(at - (columns - len(mark)) // 2, len(text) - columns), 0)
    piece = text[start : start + columns]
    if start:
        piece = DOTS + piece[1:]
    return piece[:-1] + DOTS if start + columns < len(text) else piece


def parts(text: str, mark: str) -> list[tuple[str, bool]]:
    """The text in pieces; True marks those that are the canary, in any case."""
    if not mark:
        return [(text, False)]
    pieces = re.split(f"({re.escape(mark)})", text, flags=re.IGNORECASE)
    return [(piece, bool(index % 2)) for index, piece in enumerate(pieces) if piece]

"""The report in the terminal, and as plain text for a log or a file.

Both are made of the same lines. A terminal gets them with colour, the rest as ASCII without
any escape sequence; in both, text of the application has passed :mod:`clean`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from buckler.core.report import Report
from buckler.scan.formats import clean
from buckler.scan.formats.text_lines import ASCII, FIX, UNICODE, Line, Lines

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 100
NARROWEST = 40
STYLES = {
    "strong": "bold",
    "quiet": "dim",
    "mark": "bold underline",
    "good": "bold green",
    "bad": "bold red",
    "critical": "bold white on red",
    "critical word": "bold red",
    "high word": "red",
    "medium word": "yellow",
    "low word": "blue",
    "info word": "",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "bold blue",
    "info": "bold",
    "place": "cyan",
}


class TextFormat:
    """Plain text: ASCII, every finding, nothing cut."""

    name = "text"
    suffixes = (".txt",)

    def render(self, report: Report) -> str:
        """The report as plain text, 100 columns wide; evidence may be longer."""
        return plain(report)


def takes_unicode(console: Console) -> bool:
    """Whether what is printed there may have letters beyond ASCII."""
    return (getattr(console.file, "encoding", "") or "").lower().startswith("utf")


def plain(
    report: Report,
    *,
    limit: int | None = None,
    width: int = PLAIN_WIDTH,
    fix: str = FIX,
    written: bool = False,
    only_ascii: bool = True,
) -> str:
    """The report without colour and box characters.

    Args:
        report: What to print.
        limit: Findings to show in full; None shows all.
        width: Columns that lines are made for; what is to be copied is not cut.
        fix: The command that repairs what was found.
        written: Whether a report was written to a file besides.
        only_ascii: Whether letters beyond ASCII are shown as escapes, which no shell takes back.
    """
    lines = Lines(report, width, ASCII, cut=False, fix=fix, written=written).all(limit)
    return _rows(lines, only_ascii=only_ascii)


def _rows(lines: Iterable[Line], *, only_ascii: bool) -> str:
    rows = "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"
    return clean.ascii_only(rows) if only_ascii else rows


def print_report(
    report: Report,
    console: Console,
    limit: int | None = 5,
    fix: str = FIX,
    *,
    written: bool = False,
) -> None:
    """Print to a console: with colour to a terminal, plain where it is none or NO_COLOR is set.

    Args:
        report: What to print.
        console: Where to; its width is used.
        limit: Findings to show in full; None shows all.
        fix: The command that repairs what was found.
        written: Whether a report was written to a file besides.
    """
    only_ascii = not takes_unicode(console)
    if not console.is_terminal:
        text = plain(report, limit=limit, fix=fix, written=written, only_ascii=only_ascii)
        console.file.write(text)
        return
    width = max(console.width, NARROWEST)
    if console.no_color:
        lines = Lines(report, width, ASCII, fix=fix, written=written).all(limit)
        console.file.write(_rows(lines, only_ascii=only_ascii))
        return
    glyphs = UNICODE if console.encoding.lower().startswith("utf") else ASCII
    for line in Lines(report, width, glyphs, fix=fix, written=written).all(limit):
        _print(console, line if glyphs is UNICODE else [(clean.ascii_only(t), s) for t, s in line])


def _print(console: Console, line: Line) -> None:
    from rich.text import Text

    text = Text(no_wrap=True, overflow="crop")
    for piece, style in line:
        text.append(piece, STYLES.get(style, ""))
    text.rstrip()
    console.print(text, highlight=False, markup=False, emoji=False)

"""The formats of a report: one file each, picked by name or by the ending of a path."""

from __future__ import annotations

from pathlib import Path

from buckler.core.errors import UsageError
from buckler.scan.formats.html import HtmlFormat
from buckler.scan.formats.interface import Format
from buckler.scan.formats.json import JsonFormat
from buckler.scan.formats.junit import JunitFormat
from buckler.scan.formats.markdown import MarkdownFormat
from buckler.scan.formats.sarif import SarifFormat
from buckler.scan.formats.text import TextFormat, print_report

FORMATS: tuple[Format, ...] = (
    TextFormat(),
    JsonFormat(),
    HtmlFormat(),
    SarifFormat(),
    MarkdownFormat(),
    JunitFormat(),
)


def names() -> tuple[str, ...]:
    """The names that :func:`by_name` knows."""
    return tuple(item.name for item in FORMATS)


def by_name(name: str) -> Format:
    """The format of a name, in any case.

    Raises:
        UsageError: There is no such format.
    """
    for item in FORMATS:
        if item.name == name.lower():
            return item
    raise UsageError(f"there is no format {name!r}", hint=f"one of {', '.join(names())}")


def for_path(path: str | Path) -> Format:
    """The format that the ending of a file name means.

    Raises:
        UsageError: The ending is none of those known, which the message lists.
    """
    ending = Path(path).suffix.lower()
    for item in FORMATS:
        if ending in item.suffixes:
            return item
    known = ", ".join(f"{item.suffixes[0]} ({item.name})" for item in FORMATS)
    what = f"the ending {ending!r}" if ending else "no ending"
    raise UsageError(
        f"{str(path)!r} has {what}, which means no report format; known are {known}",
        hint="or name the format with --format",
    )


__all__ = ["FORMATS", "Format", "by_name", "for_path", "names", "print_report"]

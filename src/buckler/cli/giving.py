"""Where a report goes: to the terminal, and into files whose places are checked before the scan."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from buckler.cli import again
from buckler.core.errors import UsageError
from buckler.core.report import Report
from buckler.scan import formats
from buckler.scan.formats.interface import Format
from buckler.scan.formats.text import print_report

Output = tuple[Path, Format]


def wanted(given: dict[str, Any]) -> tuple[list[Output], Format | None]:
    """What is to be written, and what is printed instead of the summary.

    Args:
        given: ``output``, ``as_json`` and ``format_name`` by name.

    Raises:
        UsageError: A place cannot be written, or there is no such format.
    """
    outputs = [(path, formats.for_path(path)) for path in given["output"]]
    for path, _ in outputs:
        check_place(path)
    name = "json" if given["as_json"] else given["format_name"]
    return outputs, formats.by_name(name) if name else None


def give(
    report: Report, outputs: Sequence[Output], printed: Format | None, *, show_all: bool
) -> None:
    """Write and print a report.

    Args:
        report: Of a scan.
        outputs: Files and their formats.
        printed: What to print instead of the summary.
        show_all: Whether the summary has every finding.

    Raises:
        UsageError: A file cannot be written; the report was printed.
    """
    failures = [_write(path, fmt.render(report)) for path, fmt in outputs]
    if printed is not None:
        click.echo(printed.render(report))
    else:
        limit = None if show_all else 5
        fix, written = again.command_line("fix"), bool(outputs)
        print_report(report, Console(highlight=False), limit, fix, written=written)
    for (path, _), failure in zip(outputs, failures, strict=True):
        if failure:
            raise UsageError(f"{path} cannot be written: {failure}")
        sys.stderr.write(f"wrote {path}\n")


def check_place(path: Path) -> None:
    """Before a scan that takes minutes: can its report be written there?

    Raises:
        UsageError: The folder does not exist or is not for us, or the path is a folder.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}")
    if path.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"{path} cannot be written: permission denied")


def _write(path: Path, text: str) -> str:
    """Write a report; why it could not be written, or an empty text."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""

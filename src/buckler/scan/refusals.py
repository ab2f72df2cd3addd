"""What the box stopped while the application did its ordinary work, as gaps of the report.

What an attack set off is stopped on purpose and is no gap: it is left out before this.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from buckler.core.events import GapFound
from buckler.core.redact import Redactor

MAX_GAPS = 20
MAX_DETAIL = 120
MAX_READ = 4096
_SHELL = re.compile(r"^\S*\b(?:ba|da|z)?sh -c\s+(.*)", re.DOTALL)


def gaps(refused: Iterable[tuple[str, str, str]], folder: Path) -> Iterator[GapFound]:
    """One gap for each program or address that was stopped at one place.

    Args:
        refused: What kind of thing, its details and the place in the project, as they came.
        folder: The project's, which is written as ``.``.
    """
    redactor = Redactor()
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for what, detail, where in refused:
        key = (what, _program(detail) if what == "process" else detail, where)
        details = grouped.setdefault(key, [])
        if detail not in details:
            details.append(detail)
    for (what, _, where), details in list(grouped.items())[:MAX_GAPS]:
        shown = redactor.text(details[0].replace(str(folder), ".")[:MAX_READ])[:MAX_DETAIL]
        more = f" and {len(details) - 1} more" if len(details) > 1 else ""
        how = {"process": "--allow-processes", "connection": f"--allow {details[0]}"}.get(what, "")
        place = f" at {where}" if where else ""
        yield GapFound(f"{what}: {shown}{more}", f"stopped by the box{place}", how)
    if len(grouped) > MAX_GAPS:
        yield GapFound(
            f"{len(grouped) - MAX_GAPS} more of the kind", "stopped by the box", "--allow-processes"
        )


def _program(command: str) -> str:
    """The program that a command line starts, inside of a shell where one is asked to."""
    shell = _SHELL.match(command)
    line = shell.group(1) if shell else command
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return words[0] if words else command

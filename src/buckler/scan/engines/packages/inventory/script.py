"""Reads what a script asks for in its own text (PEP 723).

Such a script is run with packages that no lock of the project knows.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

from buckler.scan.engines.packages.inventory.declared import Declared, Manifest
from buckler.scan.engines.packages.inventory.entries import rows, text_of
from buckler.scan.engines.packages.inventory.model import Problem
from buckler.scan.engines.packages.inventory.requirement_line import Line, entry
from buckler.scan.engines.packages.inventory.text_lines import Lines

KIND: Final = "script"
START: Final = b"# /// script"
_BLOCK = re.compile(r"(?m)^# /// script[ \t]*$\n(?P<content>(?:^#(?:| .*)$\n)+)^# ///[ \t]*$")
_OPEN = re.compile(r"(?m)^# /// script[ \t]*$")


def read(path: str, text: str) -> Manifest | None:
    """What a script asks for; None where it has no such block.

    Args:
        path: Of the script, relative to the scanned folder.
        text: All of it, lines end with a line feed.
    """
    opened = _OPEN.search(text)
    if opened is None:
        return None
    first = text.count("\n", 0, opened.start()) + 1
    found = _BLOCK.match(text, opened.start()) or _BLOCK.match(text + "\n", opened.start())
    if found is None:
        what = "the block of metadata that begins here has no end"
        return Manifest(path, KIND, problems=(Problem(path, first, what, "end it with # ///"),))
    # PEP 723: the longest block counts, so that a later "# ///" ends it
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:]
        for line in found["content"].splitlines(keepends=True)
    )
    try:
        document = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        at = re.search(r"at line (\d+)", str(error))
        line = first + int(at.group(1)) if at else first
        what = "the metadata of the script are not valid TOML"
        return Manifest(path, KIND, problems=(Problem(path, line, what, "correct them"),))
    lines = Lines(content)
    declared: list[Declared] = []
    problems: list[Problem] = []
    for one in rows(document.get("dependencies"), str):
        made = entry(path, Line(first + lines.of(one), one))
        if isinstance(made, Problem):
            problems.append(made)
        elif made is not None and made.name:
            declared.append(
                Declared(
                    made.name,
                    path,
                    made.line,
                    specifier=made.specifier,
                    version=made.version,
                    marker=made.marker,
                    extras=made.extras,
                    source=made.source,
                    hashes=made.hashes,
                    pinned=made.pinned,
                )
            )
    return Manifest(
        path, KIND, tuple(declared), tuple(problems), text_of(document.get("requires-python"))
    )

"""Which version of a package the files of a project ask for at least: what a fixer may rely on."""

from __future__ import annotations

import re
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file

_MAX_BYTES = 4_000_000
_FILES = (
    "requirements*.txt",
    "requirements/*.txt",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
)


def at_least(folder: Path, package: str, major: int) -> bool:
    """Whether the project's files name a package, and never in a version that may be older.

    Args:
        folder: Of the project.
        package: Its name, as files write it.
        major: First number of the oldest version that will do.
    """
    named = re.compile(rf"^[\s\"']*{re.escape(package)}\b(?![-.\w])(?P<rest>[^\n]*)", re.M | re.I)
    locked = re.compile(
        rf"^name = \"{re.escape(package)}\"\nversion = \"(?P<number>\d+)", re.M | re.I
    )
    found: list[int] = []
    for path in sorted({p for pattern in _FILES for p in folder.glob(pattern)}):
        try:
            text = read_project_file(path, folder, _MAX_BYTES).decode("utf-8", "replace")
        except (FileNotFoundError, UnreadableFile):
            return False
        if path.suffix == ".lock":
            found += [int(match["number"]) for match in locked.finditer(text)]
        else:
            found += [_lower_bound(match["rest"]) for match in named.finditer(text)]
    return bool(found) and min(found) >= major


def _lower_bound(rest: str) -> int:
    """The first number behind ``==``, ``>=``, ``~=``, ``^``; 0 where there is none."""
    match = re.search(r"(?:[=~>]=|>|\^)\s*[\"']?(\d+)", rest.partition("#")[0])
    return int(match[1]) if match else 0

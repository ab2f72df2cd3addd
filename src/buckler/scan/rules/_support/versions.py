"""Which version of a package the files of a project ask for at least: what a fixer may rely on."""

from __future__ import annotations

import re
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file

_MAX_BYTES = 4_000_000
_ANY = (0, 1_000_000)
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
    found = _bounds(folder, package)
    return bool(found) and min(low for low, _ in found) >= major


def may_be_older(folder: Path, package: str, major: int) -> bool:
    """Whether a file of the project keeps a package below a version.

    Args:
        folder: Of the project.
        package: Its name, as files write it.
        major: First number of the version that it does not get.
    """
    return any(high < major for _, high in _bounds(folder, package))


def _bounds(folder: Path, package: str) -> list[tuple[int, int]]:
    """The oldest and the newest first number that each mention of a package allows; of what cannot be read, any."""
    named = re.compile(rf"^[\s\"']*{re.escape(package)}\b(?![-.\w])(?P<rest>[^\n]*)", re.M | re.I)
    locked = re.compile(
        rf"^name = \"{re.escape(package)}\"\nversion = \"(?P<number>\d+)", re.M | re.I
    )
    found: list[tuple[int, int]] = []
    for path in sorted({p for pattern in _FILES for p in folder.glob(pattern)}):
        try:
            text = read_project_file(path, folder, _MAX_BYTES).decode("utf-8", "replace")
        except (FileNotFoundError, UnreadableFile):
            return [_ANY]
        if path.suffix == ".lock":
            found += [(int(m["number"]),) * 2 for m in locked.finditer(text)]
        else:
            found += [_between(match["rest"]) for match in named.finditer(text)]
    return found


def _between(rest: str) -> tuple[int, int]:
    """The first numbers behind ``==``, ``>=``, ``~=``, ``^``, and behind ``<``, ``<=``, ``==``, ``~=``, ``^``."""
    wanted = rest.partition("#")[0]
    low = re.search(r"(?:[=~>]=|>|\^)\s*[\"']?(\d+)", wanted)
    high = re.search(r"(?P<how><=?|==|~=|\^)\s*[\"']?(?P<number>\d+)(?P<more>[.\d]*)", wanted)
    newest = _ANY[1]
    if high is not None:
        whole = high["how"] == "<" and not high["more"].strip(".0")
        newest = int(high["number"]) - whole
    return (int(low[1]) if low else _ANY[0]), newest

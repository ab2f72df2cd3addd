"""Which version of a package the files of a project ask for at least: what a fixer may rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
            named = _specifiers(text, package, path.suffix == ".toml")
            found += [_between(specifier) for specifier in named]
    return found


def _specifiers(text: str, package: str, toml: bool) -> Iterator[str]:
    """What a file says of the versions of a package, without the condition behind a semicolon."""
    name = rf"{re.escape(package)}(?![-.\w])"
    extras = r"\s*(?:\[[^\]\n]*\])?"
    plain = re.compile(rf"\s*{name}{extras}(?P<rest>[^;\\\n]*)", re.I)
    quoted = re.compile(rf"(?P<q>[\"']){name}{extras}(?P<rest>(?:(?!(?P=q))[^;\n])*)", re.I)
    key = re.compile(
        rf"\s*{name}\s*=\s*(?:\{{(?:[^}}\n]*[,\s])?version\s*=\s*)?[\"'](?P<rest>[^\"'\n]*)", re.I
    )
    table = re.compile(rf"\s*{name}\s*=", re.I)
    for line in text.splitlines():
        wanted = re.split(r"(?:^|\s)#|\s--", line, maxsplit=1)[0]
        if not toml:
            match = plain.match(wanted)
            found = [match["rest"]] if match is not None else []
        elif table.match(wanted):
            match = key.match(wanted)
            found = [match["rest"] if match is not None else ""]
        else:
            found = [match["rest"] for match in quoted.finditer(wanted)]
        yield from ("" if rest.lstrip().startswith("@") else rest for rest in found)


def _between(specifier: str) -> tuple[int, int]:
    """The first numbers behind ``==``, ``>=``, ``~=``, ``^``, and behind ``<``, ``<=``, ``==``, ``~=``, ``^``."""
    either = [_of_one(part) for part in specifier.split("|") if part.strip()] or [_ANY]
    return min(low for low, _ in either), max(high for _, high in either)


def _of_one(specifier: str) -> tuple[int, int]:
    low = re.search(r"(?:[=~>]=|>|\^)\s*(\d+)", specifier)
    newest = _ANY[1]
    for high in re.finditer(r"(?P<how><=?|==|~=|\^)\s*(?P<number>\d+)(?P<more>[.\d]*)", specifier):
        whole = high["how"] == "<" and not high["more"].strip(".0")
        newest = min(newest, int(high["number"]) - whole)
    return (int(low[1]) if low else _ANY[0]), newest

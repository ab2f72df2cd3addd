"""Reads requirements files, with all that they include.

Includes (``-r``), constraints (``-c``) and the comments about who wants a package are followed, so
that the inventory is what pip would install; what cannot be read is a problem with its line.
Source: pip's requirements file format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from buckler.core.errors import UnreadableFile
from buckler.scan.engines.packages.inventory.entries import name_of
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Package, Problem
from buckler.scan.engines.packages.inventory.requirement_line import Entry, entry, included, lines

KIND: Final = "requirements"
FILE: Final = re.compile(
    r"(^|/)(requirements[\w.-]*\.(txt|lock)|requirements/[\w.-]+\.txt|[\w-]+[-_.]requirements\.txt)$",
    re.IGNORECASE,
)
"""Paths that are requirements files by their name alone."""
MAX_INCLUDED: Final = 200
"""Most files that one file includes, with those that they include."""


class Files(Protocol):
    """Where files are read."""

    def text(self, path: str) -> str:
        """The text of a file, by its path relative to the scanned folder.

        Raises:
            FileNotFoundError: There is none.
            UnreadableFile: It must not or cannot be read.
        """
        ...


@dataclass(slots=True)
class Read:
    """A file with all that it includes, each file once; constraints apart."""

    entries: list[Entry] = field(default_factory=list)
    limits: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


def gather(path: str, files: Files) -> Read:
    """The requirements of a file and of those that it includes, in the order in which pip reads them."""
    found = Read()
    _gather(path, files, found, found.entries, (path, 0))
    return found


def _gather(path: str, files: Files, found: Read, into: list[Entry], by: tuple[str, int]) -> None:
    found.paths.add(path)
    try:
        text = files.text(path)
    except FileNotFoundError:
        found.problems.append(Problem(*by, f"{path} does not exist", "correct the path"))
        return
    except UnreadableFile as error:
        what = f"{path}: {error.message}"
        found.problems.append(Problem(*by, what, "keep what is installed from in the project"))
        return
    for line in lines(text):
        kind, name = included(path, line.text)
        if kind:
            here = (path, line.number)
            if len(found.paths) >= MAX_INCLUDED:
                what = f"{name} is not read: more than {MAX_INCLUDED} files are included"
                found.problems.append(Problem(*here, what, "put them together"))
            elif name not in found.paths:
                target = found.limits if kind == "c" else into
                _gather(name, files, found, target, here)
            continue
        made = entry(path, line)
        if isinstance(made, Problem):
            found.problems.append(made)
        elif made is not None:
            into.append(made)


def read(path: str, files: Files) -> Inventory:
    """What a requirements file says, with all that it includes.

    Args:
        path: Of the file, relative to the scanned folder.
        files: Where it and the included ones are read.
    """
    return inventory(path, gather(path, files))


def inventory(path: str, found: Read) -> Inventory:
    """What a file says that was read before."""
    pins = {e.name: e for e in found.limits if e.pinned}
    entries = [_limited(e, pins) for e in found.entries]
    problems = list(found.problems)
    for made in entries:
        if not made.name and made.source == "editable":
            continue
        if not made.name:
            what = "the name of what is installed here is not known"
            problems.append(
                Problem(made.path, made.line, what, "write NAME @ ADDRESS, as PEP 508 has it")
            )
    named = [e for e in entries if e.name]
    told = any(e.via is not None for e in named)
    compiled = told or (bool(named) and all(e.hashes for e in named if e.source == "index"))
    resolved = compiled and all(e.pinned or e.source != "index" for e in named)
    brought = _brought(named)
    names = {e.name for e in named}
    packages = tuple(
        Package(
            e.name,
            e.version,
            e.path,
            e.line,
            direct=not told or _asked(e, names),
            groups=(MAIN,),
            specifier=e.specifier if not resolved else "",
            marker=e.marker,
            source=e.source,
            hashes=e.hashes,
            requires=tuple(sorted(brought.get(e.name, ()))),
        )
        for e in named
    )
    return Inventory(path, KIND, packages, tuple(problems), resolved=resolved)


def _limited(made: Entry, pins: dict[str, Entry]) -> Entry:
    pin = pins.get(made.name)
    if pin is None or made.source != "index":
        return made
    return replace(made, version=pin.version, pinned=True, hashes=made.hashes or pin.hashes)


def _brought(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Which package brings which, as the comments say."""
    found: dict[str, set[str]] = {}
    for made in entries:
        for parent in made.via or ():
            name = name_of(parent.partition("[")[0])
            if name:
                found.setdefault(name, set()).add(made.name)
    return found


def _asked(made: Entry, names: set[str]) -> bool:
    """Whether somebody wants it who is no package of the file: another file, or the project by its name."""
    return made.via is None or any(
        not by.startswith("-c ") and name_of(by.partition("[")[0]) not in names for by in made.via
    )

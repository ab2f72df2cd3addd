"""Reads requirements files, with all that they include.

Includes (``-r``), constraints (``-c``) and the comments about who wants a package are followed, so
that the inventory is what pip would install; what cannot be read is a problem with its line.
Source: pip's requirements file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from buckler.core.errors import UnreadableFile
from buckler.scan.engines.packages.inventory.declared import Declared, Manifest
from buckler.scan.engines.packages.inventory.entries import name_of
from buckler.scan.engines.packages.inventory.locked import Locked, Wanted, packages
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Package, Problem
from buckler.scan.engines.packages.inventory.requirement_line import Entry, entry, included, lines

KIND: Final = "requirements"
FILE: Final = re.compile(
    r"(^|/)(requirements[^/\n]*\.(txt|lock)|requirements/[^/\n]+\.txt|[^/\n]+[-_. ]requirements\.txt)$",
    re.IGNORECASE,
)
"""Paths that are requirements files by their name alone."""
INPUT: Final = re.compile(r"(^|/)(requirements[^/\n]*|requirements/[^/\n]+)\.in$", re.IGNORECASE)
"""Paths of what requirements files are compiled from."""
_TOOLS: Final = frozenset(
    {"dev", "develop", "development", "test", "tests", "testing", "lint", "linting", "typing"}
    | {"doc", "docs", "ci", "local", "bench", "benchmark", "build", "release"}
)
MAX_ROOTS: Final = 500
"""Most requirements files of a project."""
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


def roots(read: Mapping[str, Read]) -> list[str]:
    """The files that stand for themselves: those that no other one includes; of a circle, the first."""
    order = {path: place for place, path in enumerate(read)}
    parts = {
        part
        for path, found in read.items()
        for part in found.paths
        if part in order
        and part != path
        and not (path in read[part].paths and order[part] < order[path])
    }
    return [path for path in read if path not in parts]


def manifest(path: str, files: Files) -> Manifest:
    """What a file asks for, as the manifest of something else: ``requirements.in``."""
    found = gather(path, files)
    declared = tuple(
        Declared(
            e.name,
            e.path,
            e.line,
            specifier=e.specifier,
            version=e.version,
            marker=e.marker,
            extras=e.extras,
            source=e.source,
            hashes=e.hashes,
            pinned=e.pinned,
        )
        for e in found.entries
        if e.name
    )
    return Manifest(path, KIND, declared, tuple(found.problems))


def inventory(path: str, found: Read, source: Manifest) -> Inventory:
    """What a requirements file says, with all that it includes.

    Args:
        path: Of the file, relative to the scanned folder.
        found: What was read of it.
        source: What it was compiled from, if it was.
    """
    pins = {e.name: e for e in found.limits if e.pinned}
    entries = [_limited(e, pins) for e in found.entries]
    named = [e for e in entries if e.name]
    told = any(e.via is not None for e in named)
    compiled = told or (bool(named) and all(e.hashes for e in named if e.source == "index"))
    resolved = compiled and all(e.pinned or e.source != "index" for e in named)
    problems = [*found.problems, *_nameless(entries)]
    listed = _compiled(named, source) if resolved else tuple(_asked(e) for e in named)
    return Inventory(
        path,
        KIND,
        listed,
        tuple(problems),
        resolved=resolved,
        python=source.python if resolved else "",
    )


def _nameless(entries: Iterable[Entry]) -> Iterator[Problem]:
    for made in entries:
        if not made.name and made.source != "editable":
            what = "the name of what is installed here is not known"
            hint = "write NAME @ ADDRESS, as PEP 508 has it"
            yield Problem(made.path, made.line, what, hint)


def _group(path: str) -> str:
    """Who installs from a file, as its name says: ``requirements-dev.txt``, ``requirements/test.txt``."""
    words = re.split(r"[^a-z]+", path.lower().removesuffix(".txt"))
    return next((word for word in words[-3:] if word in _TOOLS), MAIN)


def _asked(made: Entry) -> Package:
    """A requirement of a file that was written by hand."""
    return Package(
        made.name,
        made.version,
        made.path,
        made.line,
        direct=True,
        groups=(_group(made.path),),
        specifier=made.specifier,
        marker=made.marker,
        source=made.source,
        hashes=made.hashes,
    )


def _compiled(entries: Sequence[Entry], source: Manifest) -> tuple[Package, ...]:
    """The requirements of a file that a tool wrote; its comments say who wants each of them."""
    names = {e.name for e in entries}
    brought: dict[str, list[Wanted]] = {}
    direct: set[str] = set()
    told = any(made.via is not None for made in entries)
    for made in entries:
        if told and made.via is None:  # so does uv with what a dependency group asks for
            direct.add(made.name)
        for by in made.via or ():
            parent = name_of(by.partition("[")[0])
            if parent in names and parent != made.name:
                brought.setdefault(parent, []).append(Wanted(made.name))
            elif not by.startswith("-c "):
                direct.add(made.name)
    locked = [
        Locked(
            made.name,
            made.version,
            made.line,
            made.path,
            marker=made.marker,
            source=made.source,
            hashes=made.hashes,
            brings={"": brought.get(made.name, [])},
            direct=made.name in direct,
        )
        for made in entries
    ]
    listed = packages(locked, source)
    if told and any(one.group == MAIN for one in source.declared):
        return listed
    if not told and not source.declared:  # then the file itself is what was asked for
        return tuple(map(_asked, entries))
    return tuple(replace(p, groups=(_group(p.path),)) for p in listed)


def _limited(made: Entry, pins: dict[str, Entry]) -> Entry:
    pin = pins.get(made.name)
    if pin is None or made.source != "index":
        return made
    return replace(made, version=pin.version, pinned=True, hashes=made.hashes or pin.hashes)

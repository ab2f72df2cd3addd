"""Reads ``Pipfile.lock``.

It is JSON: no lines in what the parser gives, and none of what each package brings; the Pipfile beside
it says what the project asks for. Source: pipenv's lock format, version 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.entries import name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.locked import Locked, packages
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Problem

KIND: Final = "Pipfile.lock"
_PLACE = re.compile(r'"((?:[^"\\\n]|\\.)*+)"\s*+:\s*+\{')
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_GUESS = re.compile(r'"([A-Za-z0-9][\w.-]*)"\s*+:\s*+\{[^{}]*?"version"\s*+:\s*+"==([\w.!+-]+)"')
_GROUPS: Final = {"default": MAIN, "develop": "dev"}


def read(path: str, text: str, manifest: Manifest) -> Inventory:
    """What a ``Pipfile.lock`` says.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
        manifest: The ``Pipfile`` beside it.
    """
    try:
        document = table(json.loads(text))
    except (ValueError, RecursionError) as error:
        return _broken(path, text, error)
    meta = table(document.get("_meta"))
    lines = _Lines(text)
    problems: list[Problem] = []
    found: dict[tuple[str, str], Locked] = {}
    for section, listed in document.items():
        if section == "_meta":
            continue
        at = lines.of(section)
        for name, values in table(listed).items():
            line = lines.of(name, after=at)
            locked = _locked(path, name, table(values), line, _GROUPS.get(section, section))
            if not locked.name:
                problems.append(Problem(path, line, f"{name[:80]} is no name of a package"))
                continue
            key = (locked.name, locked.version)
            found[key] = _merged(found[key], locked) if key in found else locked
    requires = table(meta.get("requires"))
    version = text_of(requires.get("python_full_version")) or text_of(
        requires.get("python_version")
    )
    python = f"=={version}.*" if version.count(".") == 1 else f"=={version}" if version else ""
    listed_all = packages(list(found.values()), manifest)
    return Inventory(path, KIND, listed_all, tuple(problems), python=python)


class _Lines:
    """The lines of keys, found in one pass over the text."""

    def __init__(self, text: str) -> None:
        self._at: dict[str, list[int]] = {}
        line, before = 1, 0
        for found in _PLACE.finditer(text):
            line += text.count("\n", before, found.start())
            before = found.start()
            self._at.setdefault(found.group(1), []).append(line)

    def of(self, key: str, after: int = 0) -> int:
        """The first line of a key behind another line; the whole file's first where it is written otherwise."""
        lines = self._at.get(key) or self._at.get(json.dumps(key)[1:-1]) or [1]
        return next((line for line in lines[:1000] if line >= after), lines[0])


def _locked(path: str, name: str, values: Mapping[str, Any], line: int, group: str) -> Locked:
    version = text_of(values.get("version")).strip()
    return Locked(
        name_of(name),
        "" if version == "*" else version.removeprefix("===").removeprefix("==").strip(),
        line,
        path,
        groups=(group,),
        marker=text_of(values.get("markers")),
        source=_source(values),
        hashes=tuple(rows(values.get("hashes"), str)),
        direct="index" in values and not version.startswith("*"),
    )


def _merged(one: Locked, other: Locked) -> Locked:
    """One version that several sections have."""
    groups = tuple(sorted({*(one.groups or ()), *(other.groups or ())}))
    return Locked(
        one.name,
        one.version,
        one.line,
        one.path,
        groups=groups,
        marker=one.marker if one.marker == other.marker else "",
        source=one.source,
        hashes=tuple(dict.fromkeys((*one.hashes, *other.hashes))),
        direct=one.direct or other.direct,
    )


def _source(values: Mapping[str, Any]) -> str:
    if values.get("editable") is True:
        return "editable"
    if any(kind in values for kind in ("git", "hg", "svn", "bzr")):
        return "git"
    if "path" in values:
        return "path"
    place = text_of(values.get("file"))
    return ("url" if "://" in place else "path") if place else "index"


def _broken(path: str, text: str, error: Exception) -> Inventory:
    mark = _CONFLICT.search(text)
    line = getattr(error, "lineno", 1)
    problem = Problem(
        path,
        line,
        f"this is not valid JSON: {getattr(error, 'msg', error)}",
        "write it again with pipenv lock",
    )
    if mark is not None:
        at = text.count("\n", 0, mark.start()) + 1
        problem = Problem(
            path, at, "a merge conflict was left here", "resolve it and write the file again"
        )
    return Inventory(path, KIND, packages(list(_guessed(path, text)), Manifest("", "")), (problem,))


def _guessed(path: str, text: str) -> Iterator[Locked]:
    """What of a broken file still looks like a package with a version."""
    line, before = 1, 0
    for found in _GUESS.finditer(text):
        line += text.count("\n", before, found.start())
        before = found.start()
        yield Locked(name_of(found.group(1)), found.group(2), line, path, groups=(MAIN,), marker="")

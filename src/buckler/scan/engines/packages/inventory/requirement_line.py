"""Reads the lines of a requirements file: the one parser of them in the tree.

Continued lines, comments, hashes, markers, addresses and editable installations are understood as
pip does it: what pip installs and a scanner skips is code that nobody checked (CWE-1357). The
comments about who wants a package (``# via fastapi``), which pip-compile and uv write, are kept.
Source: pip's requirements file format, PEP 508.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from buckler.scan.engines.packages.inventory.entries import name_of
from buckler.scan.engines.packages.inventory.model import Problem

_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[=\s]\s*([\w-]+:[0-9A-Fa-f]+)")
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[\w\s,.-]*\])?\s*==\s*([\w.!+-]+)")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b|#sha256=|[&#]sha\d+=")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
_SUM = re.compile(r"[#&](sha(?:256|384|512))=([0-9a-fA-F]+)")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:[=\s]\s*|(?<=-[rc]))(\S.*)$")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:[=\s]\s*|(?<=-e))(\S.*)$")
_VIA = re.compile(r"\s+#\s+via(?:\s+(\S.*))?$")
_MORE = re.compile(r"\s+#\s{2,}(\S.*)$")
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line: the number of its first one, its text without comments, what wants it.

    Attributes:
        via: Who wants it, as the comments behind it say; None where they say nothing.
    """

    number: int
    text: str
    via: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement as it stands in a file.

    Attributes:
        name: Normalised; empty where nothing tells it.
        version: The one version that is asked for; empty where it is open.
        specifier: As written.
        pinned: It has exactly one version, or a commit, or the hash of its file.
        via: Who wants it, as the comments behind it say; None where they say nothing.
        place: The address or path where it lies, for what comes from no index.
    """

    name: str
    path: str
    line: int
    version: str = ""
    specifier: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    source: str = "index"
    hashes: tuple[str, ...] = ()
    pinned: bool = False
    via: tuple[str, ...] | None = None
    place: str = ""


def lines(text: str) -> Iterator[Line]:
    """The logical lines of a requirements file: continued ones joined, comments taken away, as pip does it."""
    gathered: list[str] = []
    first = 0
    waiting: Line | None = None
    via: list[str] | None = None
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        only_comment = raw.lstrip().startswith("#")
        if only_comment and not gathered:
            via = _said(raw, via)
            continue
        first = first or number
        if raw.endswith("\\") and not only_comment:
            gathered.append(raw.rstrip("\\"))
            continue
        gathered.append(f" {raw}" if only_comment else raw)
        if waiting is not None:
            yield replace(waiting, via=None if via is None else tuple(via))
        whole = "".join(gathered)
        found = _VIA.search(whole) if "# via" in whole else None
        via = _listed(found.group(1)) if found else None
        plain = _COMMENT.sub("", whole).strip()
        waiting = Line(first, plain) if plain else None
        gathered, first = [], 0
    if waiting is not None:
        yield replace(waiting, via=None if via is None else tuple(via))
    if gathered:
        plain = _COMMENT.sub("", "".join(gathered)).strip()
        if plain:
            yield Line(first, plain)


def _said(raw: str, via: list[str] | None) -> list[str] | None:
    """What a comment adds to who wants the requirement above it."""
    found = _VIA.match(raw)
    if found:
        return _listed(found.group(1))
    more = _MORE.match(raw)
    return [*via, more.group(1).strip()] if more and via is not None else via


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def entry(path: str, line: Line) -> Entry | Problem | None:
    """The requirement that a line is; None for an option that is none."""
    text = line.text
    editable = _EDITABLE.match(text)
    if text.startswith("-") and editable is None:
        return None
    if _CONFLICT.match(text):
        return Problem(
            path,
            line.number,
            "a merge conflict was left here",
            "resolve it and write the file again",
        )
    hashes = tuple(_HASH.findall(text)) if "--hash" in text else ()
    plain = re.split(r"\s--", editable.group(1) if editable else text, maxsplit=1)[0].strip()
    made = Entry("", path, line.number, hashes=hashes, via=line.via)
    pin = _PIN.fullmatch(plain.partition(";")[0].strip())
    if pin is not None and editable is None:
        return _pinned(made, pin, plain.partition(";")[2].strip())
    if editable is not None or "://" in plain or _is_file(plain):
        if not re.match(r"[\w.-]+\s*(?:\[[^\]]*\])?\s*@", plain):
            return _placed(made, plain, editable is not None)
    return _required(made, plain)


def _pinned(made: Entry, pin: re.Match[str], marker: str) -> Entry | Problem:
    """The plain form of nearly every line of a lock, without the cost of a full parser."""
    name, extras, version = pin.groups()
    if marker and not is_marker(marker):
        return _unreadable(made, f"{marker} is no marker")
    return replace(
        made,
        name=name_of(name),
        version=version,
        specifier=f"=={version}",
        marker=marker,
        extras=_extras(extras),
        pinned=True,
    )


def _extras(text: str | None) -> tuple[str, ...]:
    return tuple(sorted(e.strip() for e in (text or "")[1:-1].split(",") if e.strip()))


@lru_cache(maxsize=1024)
def is_marker(text: str) -> bool:
    """Whether a text is a marker (PEP 508)."""
    try:
        Marker(text)
    except (InvalidMarker, RecursionError):
        return False
    return True


def _is_file(plain: str) -> bool:
    bare = plain.partition(";")[0].strip()
    return bare.startswith((".", "/", "~")) or bare.endswith((".whl", ".tar.gz", ".zip"))


def _placed(made: Entry, plain: str, editable: bool) -> Entry:
    """A requirement that says where it lies, and its name in passing."""
    place, _, marker = (part.strip() for part in plain.partition(" ;"))
    name, version = _told(place)
    kind = "editable" if editable else _kind(place)
    sums = tuple(f"{k}:{v}" for k, v in _SUM.findall(place))
    return replace(
        made,
        name=name,
        version=version,
        marker=marker,
        source=kind,
        hashes=(*made.hashes, *sums),
        pinned=bool(_COMMIT.search(place) or made.hashes),
        place=place,
    )


def _kind(place: str) -> str:
    if _VCS.match(place):
        return "git"
    return "url" if "://" in place and not place.startswith("file:") else "path"


def _told(place: str) -> tuple[str, str]:
    """Name and version of what lies at a place, as far as it says."""
    egg = _EGG.search(place)
    if egg is not None:
        return name_of(egg.group(1)), ""
    file = re.split(r"[#?]", place, maxsplit=1)[0].rstrip("/").rpartition("/")[2]
    try:
        if file.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(file)
            return name, str(version)
        if file.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(file)
            return name, str(version)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return "", ""
    bare = re.split(r"@|\.git$|\[", file, maxsplit=1)[0]
    return name_of(bare) if "://" in place else "", ""


def _required(made: Entry, plain: str) -> Entry | Problem:
    try:
        requirement = Requirement(plain)
    except (InvalidRequirement, RecursionError):
        return _unreadable(made, f"{plain[:80]} is no requirement")
    extras = tuple(sorted(requirement.extras))
    marker = str(requirement.marker or "")
    if requirement.url:
        placed = _placed(made, requirement.url, editable=False)
        return replace(placed, name=name_of(requirement.name), extras=extras, marker=marker)
    version = exact(requirement)
    return replace(
        made,
        name=name_of(requirement.name),
        version=version,
        specifier=str(requirement.specifier),
        extras=extras,
        marker=marker,
        pinned=bool(version),
    )


def exact(requirement: Requirement) -> str:
    """The one version that a requirement names; empty where it leaves it open."""
    for specifier in requirement.specifier:
        if specifier.operator == "===":
            return specifier.version
        if specifier.operator == "==" and not specifier.version.endswith(".*"):
            return specifier.version
    return ""


def _unreadable(made: Entry, what: str) -> Problem:
    return Problem(made.path, made.line, what, "write it as PEP 508 has it: name==1.0")


def included(path: str, text: str) -> tuple[str, str]:
    """What a line includes: ``r`` or ``c``, and the path; two empty texts where it includes nothing."""
    if not text.startswith("-"):
        return "", ""
    found = _INCLUDE.match(text)
    if found is None:
        return "", ""
    kind = "r" if text.startswith(("-r", "--requirement")) else "c"
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / found.group(1).strip("\"' ")).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return kind, "/".join(parts)

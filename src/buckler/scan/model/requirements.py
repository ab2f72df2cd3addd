"""Reads requirements files and the dependencies of pyproject.toml.

Includes (``-r``), constraints (``-c``) and lines that continue are followed; a line that cannot be
read is left out, and a file that includes itself is read once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from buckler.scan.engines.interface import Project

_FILE = re.compile(
    r"(^|/)(requirements[\w.-]*\.(txt|lock)|requirements/[\w.-]+\.txt|[\w-]+[-_.]requirements\.txt)$",
    re.IGNORECASE,
)
_HASH = re.compile(r"\s--hash[= ]\S+")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b|#sha256=|[&#]sha\d+=")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
LOCKS = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "requirements.lock",
    "conda-lock.yml",
    "pixi.lock",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One requirement as it stands in a file.

    Attributes:
        pinned: It has exactly one version, or a commit.
        hashed: A hash stands beside it.

    """

    name: str
    path: str
    line: int
    pinned: bool
    hashed: bool


def requirement_files(project: Project) -> dict[str, list[Listed]]:
    """The requirements of each file that is installed from, includes among them.

    Files that another one includes are part of that one and do not stand for themselves.
    """
    paths = [path for path in project.files if _FILE.search(path)]
    included = {name for path in paths for kind, name in _includes(project, path) if name != path}
    found: dict[str, list[Listed]] = {}
    for path in paths:
        if path not in included:
            found[path] = read(project, path)
    return {path: listed for path, listed in found.items() if listed}


def read(project: Project, path: str) -> list[Listed]:
    """The requirements of a file and of those that it includes."""
    listed = list(_read(project, path, set()))
    limits: dict[str, Listed] = {}
    for name in _constraints(project, path, set()):
        limits.update({item.name: item for item in _read(project, name, set()) if item.pinned})
    return [
        Listed(i.name, i.path, i.line, True, i.hashed or limits[i.name].hashed)
        if i.name in limits
        else i
        for i in listed
    ]


def options(project: Project, path: str) -> Iterator[tuple[int, str]]:
    """The lines of a file that are options, with their numbers."""
    for number, text in _lines(project, path):
        if text.startswith("-"):
            yield number, text


def _read(project: Project, path: str, seen: set[str]) -> Iterator[Listed]:
    if path in seen or path not in project.files:
        return
    seen.add(path)
    for number, text in _lines(project, path):
        if text.startswith("-"):
            kind, name = _include(path, text)
            if kind == "r":
                yield from _read(project, name, seen)
            continue
        item = _listed(path, number, text)
        if item is not None:
            yield item


def _listed(path: str, number: int, text: str) -> Listed | None:
    hashed = bool(_HASH.search(" " + text))
    plain = re.split(r"\s--", text, maxsplit=1)[0].strip()
    if "://" in plain and "@ " not in plain and " @" not in plain:
        egg = _EGG.search(plain)
        name = egg.group(1) if egg else plain.rstrip("/").rpartition("/")[2]
        return Listed(
            canonicalize_name(name),
            path,
            number,
            bool(_COMMIT.search(plain)) or hashed,
            hashed or "#sha256=" in plain,
        )
    if plain.startswith((".", "/")) or plain.endswith((".whl", ".tar.gz", ".zip")):
        return None
    try:
        requirement = Requirement(plain)
    except InvalidRequirement:
        return None
    pinned = bool(_COMMIT.search(requirement.url)) if requirement.url else is_pinned(requirement)
    return Listed(
        canonicalize_name(requirement.name),
        path,
        number,
        pinned,
        hashed or "sha256=" in (requirement.url or ""),
    )


def is_pinned(requirement: Requirement) -> bool:
    """Whether a requirement names exactly one version."""
    specifiers = list(requirement.specifier)
    return any(
        s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*"))
        for s in specifiers
    )


def _lines(project: Project, path: str) -> Iterator[tuple[int, str]]:
    """Logical lines: comments taken away, continued ones joined; the number of the first."""
    gathered, first = "", 0
    try:
        text = project.read(path)
    except OSError:
        return
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        first = first or number
        if line.endswith("\\"):
            gathered += line[:-1] + " "
            continue
        whole = (gathered + line).strip()
        if whole:
            yield first, whole
        gathered, first = "", 0
    if gathered.strip():
        yield first, gathered.strip()


def _include(path: str, text: str) -> tuple[str, str]:
    matched = re.match(r"^(?:-r|--requirement|-c|--constraint)[=\s]*(\S+)", text)
    if matched is None:
        return "", ""
    kind = "r" if text.startswith(("-r", "--requirement")) else "c"
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / matched.group(1)).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return kind, "/".join(parts)


def _includes(project: Project, path: str) -> Iterator[tuple[str, str]]:
    return (found for _, text in options(project, path) if (found := _include(path, text))[0])


def _constraints(project: Project, path: str, seen: set[str]) -> Iterator[str]:
    if path in seen:
        return
    seen.add(path)
    for kind, name in _includes(project, path):
        if kind == "c":
            yield name
        else:
            yield from _constraints(project, name, seen)


def pyprojects(project: Project) -> dict[str, list[Listed]]:
    """The dependencies of each pyproject.toml beside which no lock or requirements file stands."""
    found: dict[str, list[Listed]] = {}
    for path in project.files:
        pure = PurePosixPath(path)
        if pure.name != "pyproject.toml" or _locked(project, pure.parent):
            continue
        text = project.read(path)
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        listed = [
            item
            for name in _declared(document)
            if (item := _listed(path, _line_of(text, name), name))
        ]
        if listed:
            found[path] = listed
    return found


def _locked(project: Project, folder: PurePosixPath) -> bool:
    """Whether a lock stands in the folder of a manifest or, for a workspace, above it."""
    folders = [folder, *folder.parents]
    names = {str(f / lock) for f in folders for lock in LOCKS}
    if names.intersection(project.files):
        return True
    return any(
        (_FILE.search(path) or PurePosixPath(path).name.startswith("pylock."))
        and PurePosixPath(path).parent == folder
        for path in project.files
    )


def _declared(document: Mapping[str, Any]) -> Iterator[str]:
    project = document.get("project")
    if isinstance(project, Mapping) and isinstance(project.get("dependencies"), list):
        yield from (item for item in project["dependencies"] if isinstance(item, str))
    poetry = (
        document.get("tool", {}).get("poetry", {})
        if isinstance(document.get("tool"), Mapping)
        else {}
    )
    table = poetry.get("dependencies") if isinstance(poetry, Mapping) else None
    for name, value in table.items() if isinstance(table, Mapping) else ():
        version = value.get("version", "*") if isinstance(value, Mapping) else value
        if name != "python" and isinstance(version, str):
            exact = (
                version
                if version[:1] in "=<>!~"
                else ("" if version[:1] in "^*" else f"=={version}")
            )
            yield f"{name}{exact if not exact.startswith('~') else ''}"


def _line_of(text: str, requirement: str) -> int:
    """The line on which a requirement stands; its name is looked for where it was rewritten."""
    for wanted in (requirement, re.split(r"[^\w.-]", requirement, maxsplit=1)[0]):
        at = text.find(wanted)
        if at >= 0:
            return text.count("\n", 0, at) + 1
    return 1

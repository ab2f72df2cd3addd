"""Reads what is installed in an environment, without running its Python.

An environment says what really runs, whatever the lock says, but its interpreter is the project's
own and may run code when it starts (``.pth`` files, ``sitecustomize``; CWE-829), so its folders are
read instead. Source: PEP 376, PEP 627, PEP 610, the core metadata specification.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.inventory.core_metadata import MAX_METADATA, brings, metadata
from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.entries import name_of, table, text_of
from buckler.scan.engines.packages.inventory.locked import Locked, packages
from buckler.scan.engines.packages.inventory.model import Inventory, Problem

KIND: Final = "environment"
MAX_ENTRIES: Final = 200_000
_LIBRARIES = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")


def read(environment: Path, folder: Path, manifest: Manifest) -> Inventory:
    """What is installed in a virtual environment, or lies in a ``site-packages`` folder.

    Args:
        environment: Its root, the one that has ``pyvenv.cfg``.
        folder: The scanned one; paths are relative to it.
        manifest: What the project asks for.
    """
    name = relative(environment, folder)
    problems: list[Problem] = []
    found: list[Locked] = []
    seen: set[Path] = set()
    for library in libraries(environment):
        real = library.resolve()
        if real not in seen:
            seen.add(real)
            found.extend(_installed(library, folder, problems))
    if not seen:
        what = "no packages are installed here"
        problems.append(Problem(name, 0, what, "name the environment of the application"))
    found.sort(key=lambda one: (one.name, one.path))
    listed = packages(found, manifest)
    return Inventory(name, KIND, listed, tuple(problems), python=_python(environment))


def relative(path: Path, folder: Path) -> str:
    """A path as reports have it: relative to the scanned folder, also where it lies beside it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def libraries(environment: Path) -> list[Path]:
    """The folders into which an environment installs."""
    if environment.name in ("site-packages", "dist-packages"):
        return [environment]
    return [
        place
        for pattern in _LIBRARIES
        for place in sorted(environment.glob(pattern))
        if place.is_dir()
    ]


def _installed(library: Path, folder: Path, problems: list[Problem]) -> Iterator[Locked]:
    try:
        with os.scandir(library) as listing:
            names = sorted(
                item.name
                for _, item in zip(range(MAX_ENTRIES), listing, strict=False)
                if item.name.lower().endswith((".dist-info", ".egg-info", ".egg-link", ".egg"))
            )
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        problems.append(Problem(relative(library, folder), 0, what, "give the right to read it"))
        return
    for name in names:
        if name.startswith("~"):  # left behind by an installation that was broken off
            continue
        package = _one(library, name, folder, problems)
        if package is not None:
            yield package


def _one(library: Path, name: str, folder: Path, problems: list[Problem]) -> Locked | None:
    info = library / name
    if name.lower().endswith(".egg"):
        info = info / "EGG-INFO"
    file = info
    if name.lower().endswith(".dist-info"):
        file = info / "METADATA"
    elif info.is_dir():
        file = info / "PKG-INFO"
    path = relative(file, folder)
    if name.lower().endswith(".egg-link"):
        known = name_of(name[: -len(".egg-link")])
        return Locked(known, "", 1, path, marker="", source="editable") if known else None
    try:
        text = _text(file, library)
    except (FileNotFoundError, UnreadableFile) as error:
        why = error.message if isinstance(error, UnreadableFile) else "it is not there"
        _unread(path, why, problems)
        return _by_folder(name, relative(info, folder))
    found = metadata(text)
    if not found.name or not found.version:
        _unread(path, "it has no name or no version", problems)
        return _by_folder(name, path)
    source, hashes = _origin(info, library, folder, problems)
    return Locked(
        found.name,
        found.version,
        found.line,
        path,
        marker="",
        source=source,
        hashes=hashes,
        brings=brings(found.requires),
        direct=_asked(info),
        python=found.python,
    )


def _unread(path: str, why: str, problems: list[Problem]) -> None:
    problems.append(Problem(path, 0, f"the metadata of a package: {why}", "install it again"))


def _by_folder(name: str, path: str) -> Locked | None:
    """A package as the name of its folder tells it, where its metadata do not."""
    stem = re.sub(r"\.(dist-info|egg-info|egg)$", "", name, flags=re.IGNORECASE)
    project, _, version = stem.partition("-")
    version = version.partition("-")[0]
    known = name_of(project)
    return Locked(known, version, 1, path, marker="") if known and version else None


def _text(file: Path, library: Path) -> str:
    return read_project_file(file, library, MAX_METADATA).decode("utf-8", "replace")


def _asked(info: Path) -> bool:
    """Whether it was asked for by name (PEP 376); of the installers, uv marks everything so."""
    try:
        installer = _text(info / "INSTALLER", info).strip()
    except (FileNotFoundError, UnreadableFile):
        return False
    return installer == "pip" and (info / "REQUESTED").is_file()


def _origin(
    info: Path, library: Path, folder: Path, problems: list[Problem]
) -> tuple[str, tuple[str, ...]]:
    """Where a distribution came from (PEP 610)."""
    file = info / "direct_url.json"
    if not info.is_dir():  # an egg of one file
        return "index", ()
    try:
        said = table(json.loads(_text(file, library)))
    except FileNotFoundError:
        return "index", ()
    except (UnreadableFile, ValueError, RecursionError) as error:
        what = f"where it came from cannot be read: {error}"
        problems.append(Problem(relative(file, folder), 0, what, "install it again"))
        return "url", ()
    if "vcs_info" in said:
        return "git", ()
    if "dir_info" in said:
        editable = table(said["dir_info"]).get("editable") is True
        return ("editable" if editable else "path"), ()
    archive = table(said.get("archive_info"))
    sums = [f"{k}:{v}" for k, v in table(archive.get("hashes")).items() if isinstance(v, str)]
    place = text_of(said.get("url"))
    return ("path" if place.startswith("file:") else "url"), tuple(sums)


def _python(environment: Path) -> str:
    """The interpreter's version, as ``pyvenv.cfg`` says it."""
    try:
        text = read_project_file(environment / "pyvenv.cfg", environment, 100_000)
    except (FileNotFoundError, UnreadableFile):
        return ""
    found = re.search(
        r"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)",
        text.decode("utf-8", "replace"),
        re.MULTILINE,
    )
    return found.group(1) if found else ""

"""Finds everything in a project that says what packages it is made of, and reads it.

A project often has several: a lock for production, requirements for a container, an environment
that somebody changed by hand. Each is read for itself, because each can hold a version that the
others do not (CWE-1395). A manifest beside its lock says what the project itself asks for, and is
not listed again.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.scan.discover import ENVIRONMENTS, SKIPPED_FOLDERS, TEST_FOLDERS
from buckler.scan.engines.packages.inventory import (
    environment as environments,
)
from buckler.scan.engines.packages.inventory import (
    pdm_lock,
    pipfile,
    pipfile_lock,
    poetry_lock,
    pylock,
    pyproject,
    requirements,
    script,
    uv_lock,
    wheels,
)
from buckler.scan.engines.packages.inventory.declared import NOTHING, Manifest
from buckler.scan.engines.packages.inventory.files import Folder
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Problem

MAX_FILES: Final = 50_000
"""Most files of a project whose names are looked at."""
MAX_SCRIPT: Final = 1_000_000
Reader = Callable[[str, str, Manifest], Inventory]
_UV = re.compile(r"uv\.lock|.+\.py\.lock")
_LOCKS: Final[tuple[tuple[re.Pattern[str], str, str, Reader], ...]] = (
    (re.compile(r"poetry\.lock"), poetry_lock.KIND, "pyproject.toml", poetry_lock.read),
    (re.compile(r"pdm(\.[\w-]+)?\.lock"), pdm_lock.KIND, "pyproject.toml", pdm_lock.read),
    (re.compile(r"Pipfile\.lock"), pipfile_lock.KIND, "Pipfile", pipfile_lock.read),
    (re.compile(r"pylock(\.[^.]+)?\.toml"), pylock.KIND, "pyproject.toml", pylock.read),
)
_HINT: Final = "put a regular file of the project in its place"


def inventories(folder: Path, *, environment: Path | None = None) -> Inventories:
    """All that a project says of its packages.

    Args:
        folder: The project.
        environment: The virtual environment of the application, which may lie elsewhere; without one, that
            which lies in the project.
    """
    reading = _Reading(folder)
    items = [*reading.locks(), *reading.requirements(), *reading.scripts()]
    items.extend(reading.manifests(items))
    items.extend(reading.wheels())
    place = environment or _own(folder)
    if place is not None:
        items.append(environments.read(place, folder, reading.asked()))
    return Inventories(tuple(items), tuple(reading.problems))


@dataclass(frozen=True, slots=True)
class Asking:
    """One requirement that somebody wrote down, in whichever manifest, list or constraint.

    Attributes:
        specifier: As PEP 440 has it; empty where any version will do.
        source: As in :class:`~buckler.scan.engines.packages.inventory.model.Package`.
    """

    name: str
    path: str
    line: int
    specifier: str
    source: str = "index"
    hashes: tuple[str, ...] = ()


def asking(folder: Path) -> tuple[Asking, ...]:
    """Everything that a project's manifests, lists and constraints ask for, each line once."""
    return tuple(dict.fromkeys(_Reading(folder).asking()))


def _own(folder: Path) -> Path | None:
    places = (folder / name for name in ENVIRONMENTS)
    return next((p for p in places if (p / "pyvenv.cfg").is_file()), None)


class _Reading:
    """One walk over a project, and what is read of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = Folder(folder)
        self._paths = list(_walk(folder))
        self._known = set(self._paths)
        self._manifests: dict[str, Manifest] = {}
        self._members: dict[str, frozenset[str]] = {}
        self._more: list[Problem] = []
        if len(self._paths) > MAX_FILES:
            what = f"more than {MAX_FILES} files: the rest was not looked at"
            self._more.append(Problem(".", 0, what, "scan the folder of the application itself"))

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the folder itself."""
        return list(dict.fromkeys([*self._more, *self._files.problems]))

    def locks(self) -> Iterator[Inventory]:
        """Every lock, with the manifest beside it."""
        for path in self._paths:
            name = PurePosixPath(path).name
            if _UV.fullmatch(name):
                yield self._uv(path)
            for pattern, kind, manifest, read in _LOCKS:
                if pattern.fullmatch(name):
                    text, problem = self._text(path)
                    beside = self._manifest(_beside(path, manifest))
                    yield read(path, text, beside) if not problem else _failed(path, kind, problem)

    def _uv(self, path: str) -> Inventory:
        text, problem = self._text(path)
        if problem:
            return _failed(path, uv_lock.KIND, problem)
        self._members[_beside(path, "")] = uv_lock.local(text)
        return uv_lock.read(path, text)

    def requirements(self) -> Iterator[Inventory]:
        """Requirements files; what another one includes is part of that one."""
        listed = [p for p in self._paths if requirements.FILE.search(p)]
        made = {p.rpartition(".")[0] for p in listed}
        listed += [
            p
            for p in self._paths
            if requirements.INPUT.search(p) and p.rpartition(".")[0] not in made
        ]
        if len(listed) > requirements.MAX_ROOTS:
            first = listed[requirements.MAX_ROOTS]
            what = f"there are more than {requirements.MAX_ROOTS} requirements files: this one and those behind were not read"
            self._more.append(Problem(first, 0, what, "scan the folder of the application itself"))
        read = {p: requirements.gather(p, self._files) for p in listed[: requirements.MAX_ROOTS]}
        for path in requirements.roots(read):
            yield requirements.inventory(path, read[path], self._source_of(path))

    def _source_of(self, path: str) -> Manifest:
        """What a requirements file was compiled from."""
        source = f"{path.rpartition('.')[0]}.in"
        if source in self._known and source != path:
            return requirements.manifest(source, self._files)
        pipfile_beside = self._manifest(_beside(path, "Pipfile"))
        return (
            pipfile_beside
            if pipfile_beside.declared
            else self._manifest(_beside(path, "pyproject.toml"))
        )

    def scripts(self) -> Iterator[Inventory]:
        """Scripts that say what they need, unless a lock lies beside them."""
        for path in self._paths:
            if not path.endswith(".py") or f"{path}.lock" in self._known:
                continue
            text = self._script(path)
            found = script.read(path, text) if text else None
            if found is not None:
                yield found.inventory

    def _script(self, path: str) -> str:
        file = self._folder / path
        try:
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SCRIPT:
                return ""
            data = file.read_bytes()
        except OSError:
            return ""  # the source engine tells of modules that cannot be read
        return data.decode("utf-8", "replace").replace("\r\n", "\n") if script.START in data else ""

    def manifests(self, items: list[Inventory]) -> Iterator[Inventory]:
        """Manifests beside which nothing stands that says more."""
        locked = {_beside(item.path, "") for item in items if item.resolved}
        for path in self._paths:
            name = PurePosixPath(path).name
            if name not in ("pyproject.toml", "Pipfile"):
                continue
            found = self._manifest(path)
            if found.problems or (
                _beside(path, "") not in locked and not self._in_workspace(path, found)
            ):
                yield found.inventory

    def _in_workspace(self, path: str, manifest: Manifest) -> bool:
        above = [p.as_posix() for p in PurePosixPath(path).parents]
        return any(manifest.name in self._members.get("" if a == "." else a, ()) for a in above)

    def wheels(self) -> Iterator[Inventory]:
        """Folders in which wheels lie."""
        found: dict[str, list[str]] = {}
        for path in self._paths:
            if path.endswith(".whl"):
                pure = PurePosixPath(path)
                found.setdefault(pure.parent.as_posix(), []).append(pure.name)
        for path, names in found.items():
            yield wheels.read(path, self._folder, names, self.asked())

    def asking(self) -> Iterator[Asking]:
        """What people wrote down, and what tools wrote into lists."""
        for path in self._paths:
            if PurePosixPath(path).name == "pyproject.toml":
                for one in self._manifest(path).declared:
                    yield Asking(one.name, path, one.line, one.specifier, one.source, one.hashes)
            if requirements.FILE.search(path) or requirements.INPUT.search(path):
                found = requirements.gather(path, self._files)
                for made in (*found.entries, *found.limits):
                    place = (made.path, made.line, made.specifier)
                    yield Asking(made.name, *place, made.source, made.hashes)

    def asked(self) -> Manifest:
        """What the project itself asks for."""
        for name in ("pyproject.toml", "Pipfile"):
            found = self._manifest(name)
            if found.declared:
                return found
        for name in ("requirements.in", "requirements.txt"):
            if name in self._known:
                return requirements.manifest(name, self._files)
        return NOTHING

    def _manifest(self, path: str) -> Manifest:
        if path not in self._known:
            return NOTHING
        if path not in self._manifests:
            text, problem = self._text(path)
            read = pipfile if path.endswith("Pipfile") else pyproject
            found = (
                read.read(path, text) if not problem else Manifest(path, read.KIND, (), (problem,))
            )
            self._manifests[path] = found
        return self._manifests[path]

    def _text(self, path: str) -> tuple[str, Problem | None]:
        try:
            return self._files.text(path), None
        except (FileNotFoundError, UnreadableFile) as error:
            why = error.message if isinstance(error, UnreadableFile) else "it leads nowhere"
            return "", Problem(path, 0, why, _HINT)


def _failed(path: str, kind: str, problem: Problem) -> Inventory:
    return Inventory(path, kind, (), (problem,))


def _beside(path: str, name: str) -> str:
    folder = path.rpartition("/")[0]
    return f"{folder}/{name}".strip("/")


def _walk(folder: Path) -> Iterator[str]:
    """The files of a project, at most one more than are looked at."""
    count = 0
    for root, folders, names in os.walk(folder, followlinks=False):
        here = Path(root)
        folders[:] = sorted(
            n
            for n in folders
            if n not in SKIPPED_FOLDERS | TEST_FOLDERS and not (here / n / "pyvenv.cfg").exists()
        )
        below = here.relative_to(folder)
        for name in sorted(names):
            yield (below / name).as_posix()
            count += 1
            if count > MAX_FILES:
                return

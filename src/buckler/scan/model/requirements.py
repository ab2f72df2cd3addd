"""What the rules about requirements look at: the requirements of a project, file by file.

The reading is that of the inventory; here it is asked whether each one has a version and a hash. A
line that cannot be read is left out, and a file that includes itself is read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from buckler.core.errors import UnreadableFile
from buckler.scan.engines.interface import Project
from buckler.scan.engines.packages.inventory import pyproject
from buckler.scan.engines.packages.inventory.declared import Declared
from buckler.scan.engines.packages.inventory.model import MAIN
from buckler.scan.engines.packages.inventory.requirement_line import Entry, exact, lines
from buckler.scan.engines.packages.inventory.requirements import FILE, MAX_ROOTS, gather, roots

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
MAX_CHARACTERS = 5_000_000


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


class _Files:
    """The files of a project, as the inventory reads them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known = frozenset(project.files)

    def text(self, path: str) -> str:
        """The text of a file that belongs to the project."""
        if path not in self._known:
            raise FileNotFoundError(path)
        try:
            return self._project.read(path, MAX_CHARACTERS)
        except OSError as error:
            raise UnreadableFile(f"it cannot be read: {error.strerror}") from error


def requirement_files(project: Project) -> dict[str, list[Listed]]:
    """The requirements of each file that is installed from, includes among them.

    Files that another one includes are part of that one and do not stand for themselves.
    """
    files = _Files(project)
    paths = [path for path in project.files if FILE.search(path)][:MAX_ROOTS]
    found = {path: gather(path, files) for path in paths}
    listed = {p: _listed(found[p].entries, found[p].limits) for p in roots(found)}
    return {path: items for path, items in listed.items() if items}


def read(project: Project, path: str) -> list[Listed]:
    """The requirements of a file and of those that it includes."""
    found = gather(path, _Files(project))
    return _listed(found.entries, found.limits)


def options(project: Project, path: str) -> Iterator[tuple[int, str]]:
    """The lines of a file that are options, with their numbers."""
    try:
        text = _Files(project).text(path)
    except (FileNotFoundError, UnreadableFile):
        return
    for line in lines(text):
        if line.text.startswith("-"):
            yield line.number, line.text


def _listed(entries: list[Entry], limits: list[Entry]) -> list[Listed]:
    pins = {entry.name: entry for entry in limits if entry.pinned}
    found = []
    for entry in entries:
        if entry.source in ("path", "editable"):
            continue
        pin = pins.get(entry.name)
        found.append(
            Listed(
                entry.name or entry.place.rstrip("/").rpartition("/")[2],
                entry.path,
                entry.line,
                entry.pinned or pin is not None,
                bool(entry.hashes or (pin and pin.hashes)),
            )
        )
    return found


def is_pinned(requirement: Requirement) -> bool:
    """Whether a requirement names exactly one version."""
    return bool(exact(requirement))


def pyprojects(project: Project) -> dict[str, list[Listed]]:
    """The dependencies of each pyproject.toml beside which no lock or requirements file stands."""
    found: dict[str, list[Listed]] = {}
    files = _Files(project)
    for path in project.files:
        pure = PurePosixPath(path)
        if pure.name != "pyproject.toml" or _locked(project, pure.parent):
            continue
        try:
            text = files.text(path)
        except UnreadableFile:
            continue
        manifest = pyproject.read(path, text)
        listed = [_asked(one) for one in manifest.declared if _counts(one)]
        if listed:
            found[path] = listed
    return found


def _counts(one: Declared) -> bool:
    return one.group == MAIN and one.source not in ("path", "editable")


def _asked(one: Declared) -> Listed:
    return Listed(one.name, one.path, one.line, one.pinned, bool(one.hashes))


def _locked(project: Project, folder: PurePosixPath) -> bool:
    """Whether a lock stands in the folder of a manifest or, for a workspace, above it."""
    folders = [folder, *folder.parents]
    names = {str(f / lock) for f in folders for lock in LOCKS}
    if names.intersection(project.files):
        return True
    return any(
        (FILE.search(path) or PurePosixPath(path).name.startswith("pylock."))
        and PurePosixPath(path).parent == folder
        for path in project.files
    )

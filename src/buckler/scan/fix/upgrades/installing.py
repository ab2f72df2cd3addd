"""Installs what a repaired project names into an environment of its own, which goes with the scan.

Whether an application works with other versions shows when it runs with them, and nowhere else. So they are installed
outside of the project, from wheels alone, and the proofs and tests run there. Source: pip's documentation, PEP 405.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.engines.app import leftovers
from buckler.scan.engines.packages.inventory import environment as environments
from buckler.scan.engines.packages.inventory.declared import NOTHING
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories
from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades import variables
from buckler.scan.fix.upgrades.running import Runner, pip

_BEST: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "requirements")

_STRONG: Final = frozenset(("sha256", "sha384", "sha512"))
"""Hashes that pip compares."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the new versions.

    Attributes:
        folder: Of the environment.
        python: Its interpreter.
        shown: What was installed and where from, in words.
        unshown: What was left out, and why.
    """

    folder: Path
    python: Path
    shown: str
    unshown: str = ""


class Installer:
    """Makes environments for copies of a project.

    Args:
        python: The interpreter of the application; the environment has the same.
        runner: Runs pip.
    """

    def __init__(self, python: Path, runner: Runner) -> None:
        self._python = python
        self._runner = runner

    @contextmanager
    def installed(self, copy: Path, moves: Sequence[Move]) -> Iterator[Installed]:
        """An environment with what a copy of the project names, until the block ends.

        Args:
            copy: With the repairs in it.
            moves: Versions that have to be there afterwards, where they are installed on this machine at all; nothing
                for a project as it is.

        Raises:
            RepairError: Something cannot be installed, or another version is.
        """
        place = leftovers.make(leftovers.places()[0])
        try:
            yield self._made(place, copy, moves)
        finally:
            leftovers.remove(place)

    def _made(self, place: Path, copy: Path, moves: Sequence[Move]) -> Installed:
        had = inventories(copy)
        variables.check(copy, had)
        source = _source(had, moves)
        folder = place / "environment"
        # Isolated, and not in the project: nothing of it is imported.
        words = [str(self._python), "-I", "-m", "venv", str(folder)]
        self._runner.checked(words, place, walled=False)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        left: list[str] = []
        unchecked = ""
        if source.kind == "requirements":
            listed = copy / source.path
        else:
            listed = place / "locked.txt"
            rows, unchecked = _rows(source.packages, left)
            listed.write_text("\n".join((*rows, "")), encoding="utf-8")
        words = [*pip(python), "install", "--quiet", "--only-binary=:all:"]
        words += ["--no-deps"] if source.kind != "requirements" else []
        # Lists name files relative to the folder in which pip runs.
        self._runner.checked([*words, "-r", str(listed)], copy, python=True)
        there = environments.read(folder, copy, NOTHING).by_name
        told = [self._told(move, there.get(move.name, ()), source.path) for move in moves]
        shown = ", ".join(text for text in told if text)
        named = ", ".join(left[:5])
        unshown = [f"not installed, because it comes from no index: {named}"] if left else []
        if unchecked:
            unshown.append(f"{source.path} has no hash of {unchecked}: none was compared")
        return Installed(
            folder,
            python,
            f"installed from {source.path}: {shown}" if shown else f"installed from {source.path}",
            "; ".join(unshown),
        )

    def _told(self, move: Move, found: Sequence[Package], path: str) -> str:
        versions = [package.version for package in found]
        if versions and move.new not in versions:
            raise RepairError(
                f"{path} gives {move.name} {versions[0]} where it is installed, and not {move.new}"
            )
        return f"{move.name} {move.new}" if versions else ""


def _source(found: Inventories, moves: Sequence[Move]) -> Inventory:
    """The file of a project that says most of what is installed and has the new versions."""
    names = {(move.name, move.new) for move in moves}
    fitting = [
        inventory
        for inventory in found
        if inventory.kind in _BEST
        and (not names or any((p.name, p.version) in names for p in inventory.packages))
    ]
    if not fitting:
        raise RepairError("no file of the project says what to install: a lock, or requirements")
    return min(fitting, key=lambda one: _BEST.index(one.kind))


def _rows(packages: Sequence[Package], left: list[str]) -> tuple[list[str], str]:
    """Locked packages as pip installs them, each with the hashes of its files.

    Args:
        packages: Of the lock.
        left: Gets the names of those that have no version of an index.

    Returns:
        The lines, and a package without a hash: pip compares those of all or of none.
    """
    rows: list[tuple[str, str]] = []
    unchecked = ""
    for package in packages:
        if package.source != "index" or not package.version:
            left.append(package.name)
            continue
        marker = f" ; {package.marker}" if package.marker else ""
        sums = [one for one in package.hashes if one.partition(":")[0] in _STRONG]
        unchecked = unchecked or ("" if sums else package.name)
        hashes = "".join(f" --hash={one}" for one in sums)
        rows.append((f"{package.name}=={package.version}{marker}", hashes))
    return [row if unchecked else f"{row}{hashes}" for row, hashes in rows], unchecked

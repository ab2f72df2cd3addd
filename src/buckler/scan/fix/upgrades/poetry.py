"""Has Poetry write its own lock. Source: Poetry's documentation of its commands, 1.8 to 2.5."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades.running import Runner, program

NAME: Final = "poetry"
_GROUP: Final = "buckler-upgrade"
_VERSION: Final = re.compile(r"\bversion (\d+)\.")


class PoetryLock:
    """A ``poetry.lock``.

    Poetry takes the newest version that its manifest allows, and has no option for another one. So the version is
    asked for in a group of its own, locked, and locked again without the group: what is locked stays.

    Args:
        path: Of the lock.
    """

    tool = NAME

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, copy: Path, moves: Sequence[Move], runner: Runner) -> set[str]:
        """``poetry lock``, twice."""
        where = program(NAME)
        if not where:
            raise RepairError("poetry is not installed here", hint="pip install poetry")
        folder = copy / PurePosixPath(self.path).parent
        manifest = folder / "pyproject.toml"
        own = {"POETRY_VIRTUALENVS_CREATE": "false", "POETRY_NO_INTERACTION": "1"}
        own["POETRY_VIRTUALENVS_IN_PROJECT"] = "false"
        own["POETRY_CACHE_DIR"] = str(runner.scratch / "poetry")
        said = runner.checked(
            [where, "--no-plugins", "--version"], runner.scratch, own, python=True
        )
        number = _VERSION.search(said)
        keep = ["--no-update"] if number is not None and int(number.group(1)) < 2 else []
        words = [where, "lock", "--no-plugins", "--no-interaction", *keep]
        text = manifest.read_bytes()
        rows = [f'"{move.name}" = "=={move.new}"' for move in moves]
        group = f"\n[tool.poetry.group.{_GROUP}.dependencies]\n" + "\n".join(rows) + "\n"
        try:
            manifest.write_bytes(text.rstrip() + b"\n" + group.encode())
            runner.checked(words, folder, own, python=True)
        finally:
            manifest.write_bytes(text)
        runner.checked(words, folder, own, python=True)
        return {self.path}

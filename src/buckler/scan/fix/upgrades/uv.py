"""Has uv write its own lock. Source: uv's documentation of locking, 0.5 to 0.13."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades.running import Runner, program

NAME: Final = "uv"


def variables(runner: Runner) -> dict[str, str]:
    """What every run of uv gets: nothing is downloaded but packages, nothing is written but here."""
    return {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_CACHE_DIR": str(runner.scratch / "uv"),
        "UV_PROJECT_ENVIRONMENT": str(runner.scratch / "none"),
    }


def found() -> str:
    """The program.

    Raises:
        RepairError: There is none.
    """
    where = program(NAME)
    if not where:
        raise RepairError("uv is not installed here", hint="pip install uv")
    return where


class UvLock:
    """A ``uv.lock``, or the lock beside a script.

    Args:
        path: Of the lock.
    """

    tool = NAME

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, copy: Path, moves: Sequence[Move], runner: Runner) -> set[str]:
        """``uv lock --upgrade-package``; what is locked otherwise stays, unless it does not go together."""
        words = [found(), "lock", "--no-build"]
        pure = PurePosixPath(self.path)
        if pure.name != "uv.lock":
            words += ["--script", pure.name.removesuffix(".lock")]
        for move in moves:
            words += ["--upgrade-package", f"{move.name}=={move.new}"]
        runner.checked(words, copy / pure.parent, variables(runner))
        return {self.path}

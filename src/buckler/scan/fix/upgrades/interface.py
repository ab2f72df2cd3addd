"""The port between the planning of upgrades and the tools that write locks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades.running import Runner


class Writer(Protocol):
    """Writes one file anew with other versions in it.

    Attributes:
        path: Of the file, relative to the project.
        tool: Its name, for people.
    """

    path: str
    tool: str

    def write(self, copy: Path, moves: Sequence[Move], runner: Runner) -> set[str]:
        """Write the file in a copy of the project, whose manifests take the new versions already.

        Returns:
            The files that it wrote.

        Raises:
            RepairError: There is no such version for it, or it cannot be written without running code of others.
        """
        ...

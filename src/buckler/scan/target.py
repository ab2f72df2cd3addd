"""What is scanned: a folder, and the applications that were found in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buckler.core.events import GapFound
from buckler.scan.model.application import Place


@dataclass(frozen=True, slots=True)
class Application:
    """How to import one application.

    Attributes:
        module: Dotted name.
        attribute: Name in it, or empty: then ``app``, ``api`` or the first application.
        sys_path: Folders to put first on the import path.
        main: Where the application is made, if source says so.
    """

    module: str
    attribute: str
    sys_path: tuple[Path, ...]
    main: Place | None = None

    @property
    def label(self) -> str:
        """``module:attribute`` as people type it."""
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


@dataclass(frozen=True, slots=True)
class Target:
    """A folder with source, its applications, and the interpreter that they live in.

    Attributes:
        folder: Absolute path; every path in a report is relative to it.
        applications: Empty where none was found.
        python: Interpreter to run them with.
        environment: The virtual environment of that interpreter, for people.
        why: Why there is no application, in words; empty where there is one.
        others: Applications beside them in the same file, which are not looked at.
    """

    folder: Path
    applications: tuple[Application, ...]
    python: Path
    environment: str
    why: str = ""
    others: tuple[Application, ...] = ()

    def gaps(self) -> Iterator[GapFound]:
        """What of the folder no scan of this target runs."""
        if self.why:
            yield GapFound("the application", self.why, "buckler scan module:app")
        for other in self.others:
            why = "another application of the same file, which was not run"
            yield GapFound(other.label, why, f"buckler scan {other.label}")

"""Runs a tool that resolves: with an end, without a terminal, behind the wall, and with the user's own index settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from buckler.core.errors import RepairError
from buckler.scan.engines.app import leftovers
from buckler.scan.fix.project_tests import end
from buckler.scan.fix.upgrades import wall

SECONDS: Final = 180.0
"""Most time for one run of a tool."""
IN_ALL: Final = 600.0
"""Most time for all runs of one command."""
_TAIL: Final = 30_000
_PASSED: Final = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|"
    r"LOCALAPPDATA|USERPROFILE|PROGRAMDATA|XDG_\w+|(?:PIP|UV|POETRY|PDM|SSL|REQUESTS|CURL|NETRC)(?:_\w+)?|"
    r"(?i:https?_proxy|no_proxy|all_proxy)"
)
"""Variables that a tool gets: the user's settings of it and of the network. A list of requirements can have any
variable sent to an index that it names (CWE-200)."""
_CONTROL: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\S\n ]")
_WORDS: Final = 400
_CONFLICT: Final = "The conflict is caused by:"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        code: Of exit; None where it was ended for want of time.
        output: The last of what it said, both streams.
    """

    code: int | None
    output: str

    @property
    def built(self) -> bool:
        """Whether it wanted to build something."""
        return wall.SAID in self.output

    @property
    def why(self) -> str:
        """Its last words, for people."""
        if self.code is None:
            return "it took too long"
        if self.built:
            return "it would have to build a package, which runs that package's code"
        said = [line.strip() for line in self.output.splitlines() if line.strip()]
        # pip warns of each try to reach an index that does not answer before it says what is wrong.
        lines = [line for line in said if not line.startswith("WARNING: ")] or said
        if _CONFLICT in lines:  # pip's own words; a traceback of pip-compile comes behind them
            at = lines.index(_CONFLICT) + 1
            told = [
                line
                for line in lines[at : at + 6]
                if " depends on " in line or " requested " in line
            ]
            return f"versions do not go together: {'; '.join(told)}"[:_WORDS]
        return " ".join(lines[-6:])[-_WORDS:] or f"exit code {self.code}"


def program(name: str) -> str:
    """Where a tool is: beside Buckler's own interpreter, or on the path; empty where it is not.

    A relative folder on the path would be the project's own, so there none is looked for (CWE-426).
    """
    places = [str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(os.pathsep)]
    return shutil.which(name, path=os.pathsep.join(p for p in places if os.path.isabs(p))) or ""


def pip(python: Path) -> list[str]:
    """The words that start an interpreter's pip in any folder, whatever pip.py lies there (CWE-427)."""
    started = (
        # Nothing is imported before the project's folder is off the path: a module of the
        # standard library that lay there would be its own.
        "import sys; sys.path[:] = [p for p in sys.path if p]; import runpy;"
        " runpy.run_module('pip', run_name='__main__', alter_sys=True)"
    )
    return [str(python), "-c", started, "--disable-pip-version-check", "--no-input"]


class Runner:
    """Runs tools one after another.

    Args:
        scratch: A folder of ours for caches and the wall.
        tell: Gets each command before it runs.
        seconds: Most time for one of them.
    """

    def __init__(
        self,
        scratch: Path,
        tell: Callable[[str], None] = lambda text: None,
        seconds: float = SECONDS,
    ) -> None:
        self.scratch = scratch
        self._tell = tell
        self._seconds = seconds
        self._until = time.monotonic() + IN_ALL
        self._wall, self._stands = wall.build(scratch)

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        more: Mapping[str, str] | None = None,
        *,
        python: bool = False,
        walled: bool = True,
    ) -> Ended:
        """Run a tool in a folder.

        Args:
            words: The program and its arguments.
            folder: Where it runs.
            more: Variables beside those of the user.
            python: The tool itself is a Python program, and has to be kept from starting others.
            walled: Whether it is kept from building; not for what runs nothing but Python's own code.

        Raises:
            RepairError: It does not start, or does not read the wall.
        """
        name = Path(words[0]).name
        self._tell(" ".join((name, *(word for word in words[1:] if " " not in word))))
        environment = {k: v for k, v in os.environ.items() if _PASSED.fullmatch(k)}
        environment |= {
            **(self._wall if walled else {}),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONSAFEPATH": "1",
            "NO_COLOR": "1",
            "PIP_RETRIES": "1",
            "PIP_DEFAULT_TIMEOUT": "20",
            **(more or {}),
        }
        if python:
            environment[wall.HOST] = "1"
            self._stands.unlink(missing_ok=True)
        ended = self._ended(words, folder, environment)
        if python and not self._stands.exists():
            raise RepairError(
                f"{name} cannot be kept from building packages: it reads no sitecustomize",
                hint=f"run {name} yourself",
            )
        return ended

    def checked(
        self,
        words: Sequence[str],
        folder: Path,
        more: Mapping[str, str] | None = None,
        *,
        python: bool = False,
        walled: bool = True,
    ) -> str:
        """The same, of what has to succeed: its output.

        Raises:
            RepairError: It does not start or does not succeed, in its own last words.
        """
        ended = self.run(words, folder, more, python=python, walled=walled)
        if ended.code != 0:
            raise RepairError(f"{Path(words[0]).name}: {ended.why}")
        return ended.output

    def _ended(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
        seconds = min(self._seconds, self._until - time.monotonic())
        if seconds <= 0:
            return Ended(None, "")
        with tempfile.TemporaryFile(dir=self.scratch) as output:
            try:
                process = subprocess.Popen(
                    words,
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise RepairError(f"{words[0]} does not start: {error.strerror}") from error
            try:
                code: int | None = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end(process)
            return Ended(code, _tail(output))


@contextmanager
def running(
    tell: Callable[[str], None] = lambda text: None, seconds: float = SECONDS
) -> Iterator[Runner]:
    """A runner whose folder goes when the block ends."""
    place = leftovers.make(leftovers.places()[0])
    try:
        yield Runner(place, tell, seconds)
    finally:
        leftovers.remove(place)


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL))
    return _CONTROL.sub("", output.read(_TAIL).decode("utf-8", "replace"))

"""Runs the project's own tests in a copy of it.

The command is the user's and runs outside of the box, so it runs only where it was given.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from buckler.core.errors import UsageError

SECONDS = 600.0
TAIL = 2000
_SCRIPTS = "Scripts" if os.name == "nt" else "bin"


@dataclass(frozen=True, slots=True)
class Ran:
    """How the tests ended.

    Attributes:
        passed: Whether the command exited with 0.
        why: What it said last, or that it took too long.
    """

    passed: bool
    why: str = ""


class ProjectTests:
    """One command.

    Args:
        command: As typed, for a shell; it is split into words and started without one.
        folder: Of the project: programs and the Python path that lie in it are found from a copy.
        seconds: Most time for one run.

    Raises:
        UsageError: The command cannot be read.
    """

    def __init__(self, command: str, folder: Path, seconds: float = SECONDS) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--test {command!r} cannot be read: {error}") from error
        if not words:
            raise UsageError("--test is empty", hint="--test 'pytest -q'")
        program = folder / words[0]
        own = "/" in words[0] and program.exists()
        self._words = [os.path.abspath(program) if own else words[0], *words[1:]]
        self._seconds = seconds

    def run(self, copy: Path, environment: Path | None = None) -> Ran:
        """Run the command in a copy of the project.

        Args:
            copy: Of the project.
            environment: The virtual environment to run it in; None for the one that it would run in by itself.

        Raises:
            UsageError: There is no such program.
        """
        # An editable install leads to the original; the copy has to come before it.
        roots = [str(root) for root in (copy, copy / "src") if root.is_dir()]
        path = os.pathsep.join((*roots, *filter(None, [os.environ.get("PYTHONPATH")])))
        variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        words = self._words
        if environment is not None:
            words = _moved(words, environment)
            folders = (str(environment / _SCRIPTS), os.environ.get("PATH", ""))
            variables |= {"VIRTUAL_ENV": str(environment), "PATH": os.pathsep.join(folders)}
        try:
            process = subprocess.Popen(
                words,
                cwd=copy,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(
                f"--test: {words[0]} does not start: {error.strerror}",
                hint="name the program as it is called in the project's folder",
            ) from error
        return self._wait(process)

    def _wait(self, process: subprocess.Popen[bytes]) -> Ran:
        try:
            output, _ = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired:
            return Ran(False, f"they took longer than {self._seconds:g} s")
        finally:
            end(process)
        if process.returncode == 0:
            return Ran(True)
        said = output.decode("utf-8", "replace").strip()[-TAIL:]
        return Ran(False, said or f"exit code {process.returncode}")


def _moved(words: list[str], environment: Path) -> list[str]:
    """The same command by the programs of another environment, as far as it has them."""
    own = environment / _SCRIPTS / Path(words[0]).name
    return [str(own), *words[1:]] if own.exists() else words


def end(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started and left."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        return
    finally:
        if process.stdout is not None:
            process.stdout.close()
        process.wait()

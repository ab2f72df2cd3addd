"""Runs a program in a process group of its own, with an end to time, memory and output.

Threat: a project that keeps a scanner busy for ever, eats the machine's memory or disk, or leaves processes behind
(CWE-400, CWE-770). What dies takes the scanner along; the scanner's death takes nothing along.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buckler.watch.errors import ScanFailedError

LAUNCH: Final = Path(__file__).with_name("launch.py")
POLL: Final = 0.1
TOLD: Final = 2_000
"""Characters of the error output that are kept."""
MOST_TOLD: Final = 60_000
"""Less than the buffer of a pipe on every system that watch runs on (65,536)."""
TIDY: Final = 5.0
"""Seconds that a child gets to remove what it made."""


class StoppedError(BaseException):
    """The process ends; what it did goes on at the next start.

    No ``Exception``: an engine would write it down as how the work ended.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may take.

    Attributes:
        seconds: Of wall time.
        memory: Bytes of resident memory, of all its processes together.
        output: Bytes that it may print.
        file: Bytes of any file that it writes.
        folder: Bytes of the scratch folder, where it is watched.
    """

    seconds: float = 900.0
    memory: int = 2 * 1024**3
    output: int = 64 * 1024**2
    file: int = 1024**3
    folder: int = 1024**3


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Attributes:
        code: Of its exit; negative where a signal ended it.
        output: What it printed.
        errors: The end of what it printed to standard error.
    """

    code: int
    output: bytes
    errors: str


def run(
    command: Sequence[str],
    scratch: Path,
    limits: Limits,
    *,
    env: Mapping[str, str],
    stop: threading.Event,
    watched: Path | None = None,
    told: bytes = b"",
) -> Ended:
    """Run a program to its end.

    Args:
        command: Path of the program and its arguments.
        scratch: Folder for what it prints; also where it works.
        limits: What it may take.
        env: All of its environment.
        stop: Set when this process ends.
        watched: Folder whose size is bounded.
        told: What it finds in its standard input, at most :data:`MOST_TOLD` bytes: no argument, file or variable has it.

    Raises:
        ScanFailedError: It took more than it may, or could not be started.
        StoppedError: This process ends.
    """
    printed, errors = scratch / "stdout", scratch / "stderr"
    with printed.open("wb") as out, errors.open("wb") as err:
        try:
            child = subprocess.Popen(
                [*_launched(limits), *command],
                cwd=scratch,
                env=dict(env),
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ScanFailedError(f"the scanner could not be started: {why}") from error
    try:
        _tell(child, told)
        _watch(child, printed, errors, limits, stop, watched)
    finally:
        _end(child)
    return Ended(child.returncode, printed.read_bytes(), tail(errors))


def _tell(child: subprocess.Popen[bytes], told: bytes) -> None:
    """Write what the child is told; the pipe holds all of it, so that nobody waits for a child that does not read."""
    if child.stdin is not None:
        with suppress(BrokenPipeError), child.stdin:  # it ended already, which is told below
            child.stdin.write(told[:MOST_TOLD])


def _launched(limits: Limits) -> list[str]:
    return [sys.executable, "-P", "-I", str(LAUNCH), str(os.getpid()), str(limits.file)]


def tail(path: Path) -> str:
    """The end of a file as a line for people."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - TOLD))
        return stream.read(TOLD).decode("utf-8", "replace").strip()


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue  # it was removed meanwhile
    return total


def _watch(
    child: subprocess.Popen[bytes],
    printed: Path,
    told: Path,
    limits: Limits,
    stop: threading.Event,
    watched: Path | None,
) -> None:
    ends = time.monotonic() + limits.seconds
    bounds: list[tuple[Callable[[], int], int, str]] = [
        (lambda: printed.stat().st_size, limits.output, "its report has"),
        (lambda: told.stat().st_size, limits.output, "its messages have"),
        (lambda: resident(child.pid), limits.memory, "it uses"),
    ]
    if watched is not None:
        bounds.append((lambda: folder_size(watched), limits.folder, "its folder has"))
    while True:
        if stop.is_set():
            raise StoppedError
        over = time.monotonic() > ends
        try:
            child.wait(0 if over else POLL)
        except subprocess.TimeoutExpired:
            if over:
                raise ScanFailedError(f"it took more than {limits.seconds:g} s") from None
        for measure, most, what in bounds:
            if measure() > most:
                raise ScanFailedError(f"{what} more than {most // 1024**2} MiB")
        if child.returncode is not None:
            return


def resident(session: int) -> int:
    """Bytes of resident memory of all processes of a session; 0 where the system does not say."""
    total, page = 0, os.sysconf("SC_PAGE_SIZE")
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not entry.isdigit():
            continue
        try:
            text = Path("/proc", entry, "stat").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        # The name stands in brackets and may hold anything.
        fields = text.rpartition(b")")[2].split()
        if int(fields[3]) == session:
            total += int(fields[21]) * page
    return total


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the whole group; ask the child first, so that it can remove what it made."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(TIDY)
        except subprocess.TimeoutExpired:
            child.kill()
    with suppress(ProcessLookupError):  # the last of them may have ended
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()

"""Folders of scans that were ended so hard that they could not clean up.

Every folder says which process made it. The next scan removes those whose process is gone, and
ends what still runs in them. The folder for temporary files belongs to everybody, so only folders
that are ours and that nobody else may write into are believed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "buckler-"
OWNER = "owner"
_START_TIME_AT = 19
"""Field of /proc/PID/stat behind the name, counted from 0 (proc(5): starttime)."""


def places() -> list[Path]:
    """Folders for temporary files: the user's own first, then those that everybody can enter."""
    named = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108 - looked through, not trusted
    return [path for path in dict.fromkeys(map(Path, named)) if path.is_dir()]


def mark(folder: Path) -> None:
    """Write down whose folder this is."""
    (folder / OWNER).write_text(f"{os.getpid()} {_started(os.getpid())}", encoding="ascii")


def sweep() -> int:
    """Remove what earlier scans left behind; how many folders that were."""
    count = 0
    for folder in _ours():
        if _is_left(folder):
            for pid in _inside(folder):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
            count += not folder.exists()
    return count


def _ours() -> Iterator[Path]:
    for folder in (found for place in places() for found in sorted(place.glob(f"{PREFIX}*"))):
        with contextlib.suppress(OSError):
            told = folder.lstat()
            closed = not told.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if stat.S_ISDIR(told.st_mode) and told.st_uid == os.geteuid() and closed:
                yield folder


def _is_left(folder: Path) -> bool:
    """Whether the process that made it is gone; False where nobody says who that was."""
    try:
        pid, started = (folder / OWNER).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError, ValueError):
        return False
    return not pid.isdecimal() or _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a process started, so that another one of its number is told apart; empty if none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self/stat").exists() or not _lives(pid) else "unknown"
    return text.rpartition(")")[2].split()[_START_TIME_AT]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _inside(folder: Path) -> Iterator[int]:
    """Processes whose working folder is in there: the servers that the scan started."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                yield int(entry.name)

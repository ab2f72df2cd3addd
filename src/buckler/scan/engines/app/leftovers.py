"""Folders of scans, and how they go, also where a scan was ended so hard that it could not clean up.

Every folder says which process made it. The next scan removes those whose process is gone, and
ends what still runs in them. The folder for temporary files belongs to everybody, so only folders
that are ours and that nobody else may write into are believed.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import secrets
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from buckler.scan.engines.app.removing import remove_tree

PREFIX = "buckler-"
OWNER = "owner"
PLANTS = Path("/tmp/buckler-plant")  # noqa: S108 - believed only where it is ours
"""Where files are planted; real only where the application sees the real ``/tmp``."""
END_SECONDS = 3.0
FULL = (errno.ENOSPC, errno.EDQUOT)
MAKE_ROOM = "make room in the folder for temporary files, or name another: TMPDIR=FOLDER"
_NO_ROOM = re.compile("no space left|errno: 28", re.IGNORECASE)
_START_TIME_AT = 19
"""Field of /proc/PID/stat behind the name, counted from 0 (proc(5): starttime)."""
_made: set[Path] = set()


def help_with(why: str) -> str:
    """What the user can do about a failure for want of room; an empty text for any other."""
    return MAKE_ROOM if _NO_ROOM.search(why) else ""


def places() -> list[Path]:
    """Folders for temporary files: the user's own first, then those that everybody can enter."""
    named = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108 - looked through, not trusted
    return [path for path in dict.fromkeys(map(Path, named)) if path.is_dir()]


def make(place: Path) -> Path:
    """Make a folder of this process in there. It goes with the process, unless that is killed."""
    while True:
        folder = place.resolve() / f"{PREFIX}{secrets.token_hex(4)}"
        _made.add(folder)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            _made.discard(folder)
            continue
        # While it is empty, another scan may take it for one that was left.
        with contextlib.suppress(FileNotFoundError):
            mark(folder)
            return folder


def mark(folder: Path) -> None:
    """Write down whose folder this is, at once or not at all: in a link, which needs no second step.

    Raises:
        FileNotFoundError: It is gone.
    """
    told = f"{os.getpid()} {_started(os.getpid())} {_namespace()}"
    with contextlib.suppress(FileExistsError):
        (folder / OWNER).symlink_to(told)


def adopt(folder: Path) -> None:
    """Make a folder of a fixed name ours, as long as it is nobody else's."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if _is_ours(folder):
            _made.add(folder)
            mark(folder)


def sweep() -> int:
    """Remove what earlier scans left behind; how many folders that were."""
    count = 0
    for folder in _ours():
        if _is_left(folder):
            remove(folder)
        elif not os.path.lexists(folder / OWNER):
            # Its process was ended before it was marked, or after the mark was removed.
            with contextlib.suppress(OSError):
                folder.rmdir()
        count += not folder.exists()
    return count


def remove(folder: Path) -> None:
    """End what still runs in a folder of ours, and remove it.

    Its mark goes last: what cannot be removed, or not any more, is left to the next scan.
    """
    deadline = time.monotonic() + END_SECONDS
    while os.path.lexists(folder) and time.monotonic() < deadline:
        # What was just ended may be writing still.
        with contextlib.suppress(OSError):
            if not _end(folder):
                remove_tree(folder, last=OWNER)
                continue
        time.sleep(0.01)
    _made.discard(folder)


@atexit.register
def remove_made() -> None:
    """What a signal kept from being removed at its place."""
    with contextlib.suppress(SystemExit):  # by one more signal: the rest is for the next scan
        for folder in list(_made):
            remove(folder)


def _end(folder: Path) -> bool:
    """End what runs in there; whether there was anything that could be ended."""
    found = False
    for pid in _inside(folder):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            found = True
    return found


def _ours() -> Iterator[Path]:
    found = [path for place in places() for path in sorted(place.glob(f"{PREFIX}*"))]
    if _is_ours(PLANTS):
        found = [*sorted(PLANTS.iterdir()), *found]
    yield from filter(_is_ours, found)


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder that belongs to us and that nobody else may write into."""
    try:
        told = folder.lstat()
    except OSError:
        return False
    closed = not told.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(told.st_mode) and told.st_uid == os.geteuid() and closed


def _is_left(folder: Path) -> bool:
    """Whether the process that made it is gone; False where nobody can say."""
    try:
        pid, started, namespace = (folder / OWNER).readlink().name.split()
    except (OSError, ValueError):
        return False
    if namespace != _namespace():
        return False  # of another container, where that number is another process
    return not pid.isdecimal() or _started(int(pid)) != started


def _namespace() -> str:
    """In which numbers of processes count; ``none`` where there is but one."""
    try:
        return Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return "none"


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
    """Processes that work in there, as servers do, or whose home is there, as an application's."""
    home = os.fsencode(f"HOME={folder}/")
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                yield int(entry.name)
                continue
        with contextlib.suppress(OSError):
            told = (entry / "environ").read_bytes().split(b"\0")
            if any(text.startswith(home) for text in told):
                yield int(entry.name)

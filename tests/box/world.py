"""The world the hostile code would harm, and what the tests see of it from outside."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AGENT = Path(__file__).parents[2] / "src/buckler/scan/engines/app/agent"
DRIVER = Path(__file__).with_name("driver.py")
NOBODY = 65534
SPACES = ["mounts", "network", "pid"]
MODES = ("hooks", "kernel", "both", "degraded")
"""degraded: both walls where the system allows no namespace, as most containers do.

The kernel then has seccomp and Landlock.
"""


def tree(folder: Path) -> str:
    """A hash of everything below `folder`: names, kinds, modes, owners, times, contents."""
    digest = hashlib.sha256()
    for path in [folder, *sorted(folder.rglob("*"))]:
        info = path.lstat()
        digest.update(
            f"{path}\0{info.st_mode}\0{info.st_uid}\0{info.st_mtime_ns}\0{info.st_nlink}\0".encode()
        )
        if path.is_symlink():
            digest.update(os.readlink(path).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def processes(token: str) -> list[int]:
    """The ids of the processes whose command line holds `token`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if token.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found


class Listener:
    """A server that counts who connects."""

    def __init__(self, family: int, address: Any) -> None:
        self.seen = 0
        self._socket = socket.socket(family)
        self._socket.bind(address)
        self._socket.listen(64)
        self.address = self._socket.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.seen += 1

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@dataclass
class Outcome:
    """How one attack went. `harm` is what was seen from outside; empty when nothing was."""

    harm: list[str]
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    code: int = 0
    stderr: str = ""

    @property
    def word(self) -> str:
        """through: seen outside.

        redirected: the application believes it happened. stopped: it was told no, or did not live.
        """
        if self.harm:
            return "through"
        return "redirected" if self.last and not self.last["error"] else "stopped"


class World:
    """A project, things beside it, servers, and a process to kill."""

    def __init__(self, base: Path, *, user: int = 0) -> None:
        self.base, self._user = base, user
        self.project, self.outside, self.scratch = (
            base / "project",
            base / "outside",
            base / "scratch",
        )
        for folder in (self.project / "data/deep", self.outside, self.scratch):
            folder.mkdir(parents=True)
        (self.project / "main.py").write_text("app = 1\n")
        (self.project / "data/deep/keep.txt").write_text("keep me\n")
        (self.outside / "notes.txt").write_text("mine\n")
        with sqlite3.connect(self.project / "shop.db") as database:
            database.execute("create table orders (id integer)")
        database.close()
        base.chmod(0o755)
        self.tcp = Listener(socket.AF_INET, ("127.0.0.1", 0))
        self.unix = Listener(socket.AF_UNIX, str(self.project / "server.sock"))
        self.postgres = Listener(socket.AF_UNIX, str(self.outside / ".s.PGSQL.5432"))
        self.token = uuid.uuid4().hex
        if user:
            for path in [*base.rglob("*")]:
                os.chown(path, user, user)
        self.victim = subprocess.Popen(["sleep", "600"], user=user or None)

    def close(self) -> None:
        for listener in (self.tcp, self.unix, self.postgres):
            listener.close()
        self.victim.kill()
        self.victim.wait()

    def order(self, mode: str, code: str, python: str, **kernel: Any) -> dict[str, Any]:
        """What the driver is told."""
        walls = ["seccomp", "files"] if mode == "degraded" else [*SPACES, "seccomp", "files"]
        keep = [str(AGENT), str(self.outside), str(Path(python).parents[1])]
        config = {"project": str(self.project), "scratch": str(self.scratch), "keep": keep}
        names = {
            "project": str(self.project),
            "outside": str(self.outside),
            "scratch": str(self.scratch),
            "port": self.tcp.address[1],
            "unix": self.unix.address,
            "victim": self.victim.pid,
            "token": self.token,
        }
        return {
            "agent": str(AGENT),
            "kernel": None
            if mode == "hooks"
            else {**config, "memory_tmpfs_mb": 64, "walls": walls, **kernel},
            "hooks": None
            if mode == "kernel"
            else {**config, "processes": kernel.get("processes", False)},
            "limits": {"file_mb": 128},
            "code": code,
            "names": names,
        }

    def start(self, order: dict[str, Any], python: str) -> subprocess.Popen[str]:
        """Start the driver in the project folder."""
        command = [python, str(DRIVER), json.dumps(order), self.token]
        options: dict[str, Any] = (
            {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        )
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.outside),
        }
        pipes: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=environment,
            text=True,
            start_new_session=True,
            **pipes,
            **options,
        )

    def run(self, mode: str, code: str, python: str = sys.executable, **kernel: Any) -> Outcome:
        """Run `code` in the box of `mode` and look at the world afterwards."""
        before = {folder: tree(folder) for folder in (self.project, self.outside)}
        seen = {listener: listener.seen for listener in (self.tcp, self.unix, self.postgres)}
        child = self.start(self.order(mode, code, python, **kernel), python)
        assert child.stdout
        assert child.stdin
        lines = [
            json.loads(line) for line in (child.stdout.readline(), child.stdout.readline()) if line
        ]
        halves = 1
        if lines and lines[0]["walls"]:
            halves = 3 if lines[0]["walls"]["pid"] else 2
        started = len(processes(self.token)) - halves
        child.stdin.close()
        child.stdin = None
        try:
            _, stderr = child.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            child.kill()
            _, stderr = child.communicate()
        harm = [
            f"{folder.name} changed" for folder, digest in before.items() if tree(folder) != digest
        ]
        harm += [
            f"connected to {listener.address}"
            for listener, count in seen.items()
            if listener.seen != count
        ]
        left = processes(self.token)
        if left or (len(lines) == 2 and started > 0):
            harm.append("a process started")
        if self.victim.poll() is not None:
            harm.append("a process was killed")
        for process in left:
            os.kill(process, 9)
        first, last = [*lines, {}, {}][:2]
        return Outcome(harm, first, last, child.returncode, stderr)


@contextmanager
def world(base: Path, user: int = 0) -> Iterator[World]:
    """A world, closed afterwards."""
    made = World(base, user=user)
    try:
        yield made
    finally:
        made.close()

"""Starts a server as nobody in particular, and ends it whatever happens.

Threat: a server that outlives the scan, or that does for the application what the box refuses it. The
kernel ends it when the scan dies (``PR_SET_PDEATHSIG``), the next scan ends what runs in the folders of
scans that are gone, and it has no network and may write to its own folder alone (``agent/alone.py``).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from buckler.scan.engines.app.child import AGENT, LAUNCH_KEEPS
from buckler.scan.engines.app.servers.interface import ServerError

START_SECONDS = 20.0
RUN_SECONDS = 60.0
END_SECONDS = 3.0


def owner() -> tuple[int, int] | None:
    """User and group to start servers as, where the scan runs as root; None to stay who we are."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    return None


def give(folder: Path) -> None:
    """Make a folder belong to the user that servers run as."""
    chosen = owner()
    if chosen is not None:
        os.chown(folder, *chosen)


class Process:
    """One server process.

    Args:
        command: Program and arguments.
        folder: Of the server: working folder, log and home.
        environment: Beside ``PATH`` and the language.
        as_owner: Whether it is started as the user of servers; one that is not changes by itself.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        as_owner: bool = True,
    ) -> None:
        self._log = folder / "server.log"
        chosen = owner() if as_owner else None
        start = [sys.executable, "-I", "-S", str(AGENT / "__main__.py"), "alone", str(os.getpid())]
        start += [str(folder), "{}:{}".format(*chosen) if chosen else ""]
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                [*start, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(folder, environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process, which leads its own group."""
        return self._popen.pid

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until it answers.

        Raises:
            ServerError: It ended before, or does not answer.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._popen.poll() is not None:
                raise ServerError(f"{what} ended while it started", hint=self.told())
            if ready():
                return
            time.sleep(0.02)
        raise ServerError(f"{what} does not answer", hint=self.told())

    def told(self, limit: int = 800) -> str:
        """The end of its log."""
        try:
            return self._log.read_bytes()[-limit:].decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def end(self, first: signal.Signals = signal.SIGTERM) -> None:
        """End the whole group, gently at first."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=END_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def run(command: Sequence[str], folder: Path, *, told: bytes = b"") -> None:
    """Run a program to its end as the user of servers.

    Args:
        command: Program and arguments.
        folder: To work in.
        told: What it reads.

    Raises:
        ServerError: It failed or took too long.
    """
    try:
        with subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(folder, None),
            start_new_session=True,
            **_as_owner(),
        ) as process:
            try:
                said = process.communicate(told, timeout=RUN_SECONDS)[0]
            except BaseException:
                # With what it started itself, which would go on to write into the folder.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"{Path(command[0]).name} does not run: {error}") from error
    if process.returncode:
        hint = said[-800:].decode("utf-8", "replace").strip()
        raise ServerError(f"{Path(command[0]).name} failed", hint=hint)


def _as_owner() -> dict[str, Any]:
    chosen = owner()
    return {"user": chosen[0], "group": chosen[1], "extra_groups": []} if chosen else {}


def _environment(folder: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in LAUNCH_KEEPS if name in os.environ},
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C",
        "TZ": "UTC",
        **(more or {}),
    }

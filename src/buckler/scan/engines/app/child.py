"""The child process as the parent sees it: start, frames, a watch on time and memory, the end.

The child runs somebody else's code. Everything that comes over the pipe is bounded and
checked, and whatever hangs, grows or dies is ended and reported.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from buckler.core.errors import AgentError
from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.relay import Door, Relay
from buckler.scan.engines.app.removing import remove_tree

AGENT = Path(__file__).parent / "agent"
MAX_FRAME = 32 * 1024 * 1024
MAX_ANSWER = 8 * 1024 * 1024
MAX_CONTAINERS = 1_000_000
MEMORY_LIMIT = 2 * 1024**3
DISK_LIMIT = 512 * 1024**2
"""What may be written to the real disk; what is written elsewhere lands in memory, with its own bound."""
MAX_COUNTED = 200_000
MEMORY_EVERY = 0.2
MAX_DOORS = 250
"""The kernel passes at most 253 descriptors at once (unix(7), SCM_MAX_FD)."""
END_SECONDS = 2.0
LAUNCH_KEEPS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""What Buckler's own interpreter may need to start; the application's settings come in later."""
_LENGTH = struct.Struct("!I")
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class ChildLost(AgentError):
    """The child is gone; ``reason`` is ``exited``, ``silent``, ``memory``, ``disk`` or ``garbage``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Scratch:
    """The folders of one scan.

    ``path`` is the child's only writable place on the real disk: the application may have put a
    link or a pipe wherever a name is expected there, so nothing below it is opened by name.
    ``private``, around it, is ours and is not mounted into the child; ``log`` is a descriptor of the file in
    it that gets what the application prints.
    """

    def __init__(self) -> None:
        self.private = leftovers.make(Path(tempfile.gettempdir()))
        self.path = self.private / "scratch"
        self.path.mkdir()
        for name in ("home", "pycache"):
            (self.path / name).mkdir()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self.log = os.open(self.private / "output.log", flags, 0o600)

    def tail(self, limit: int) -> bytes:
        """The last bytes of the log; none after :meth:`close`."""
        if self.log < 0:
            return b""
        return os.pread(self.log, limit, max(os.fstat(self.log).st_size - limit, 0))

    def empty(self) -> None:
        """Remove what the application wrote, but for the bytecode. The process that wrote it has ended."""
        for entry in list(os.scandir(self.path)):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "pycache":
                    remove_tree(Path(entry.path))
            else:
                os.unlink(entry.path)
        (self.path / "home").mkdir()

    def close(self) -> None:
        """Remove them with everything that the application left there. Its process has ended."""
        if self.log >= 0:
            os.close(self.log)
            self.log = -1
        leftovers.remove(self.private)


class Child:
    """One child process and the pipe to it.

    Args:
        python: The application's interpreter.
        config: What the agent needs to know (see ``agent/process.py``).
        environment: The whole environment of the application.
        cwd: Folder to start in.
        log: Descriptor of the file that gets what the application prints.
        folder: Holds all that it writes to the real disk.
    """

    def __init__(
        self,
        python: Path,
        config: Mapping[str, Any],
        environment: Mapping[str, str],
        cwd: Path,
        log: int,
        folder: Path,
    ) -> None:
        self._folder = folder
        self._free = shutil.disk_usage(folder).free
        self._relay: Relay | None = None
        self._expects_doors = bool(config["box"]["allow"])
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._in = bytearray()
        self._frames: deque[dict[str, Any]] = deque()
        self._out = bytearray()
        self._checked = 0.0
        self.max_frame = MAX_FRAME
        agent = str(AGENT / "__main__.py")
        launch = [sys.executable, "-I", "-S", "-X", "utf8", agent, "launch"]
        command = [*launch, str(theirs.fileno()), str(python)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={
                **{name: os.environ[name] for name in LAUNCH_KEEPS if name in os.environ},
                # By this it is found and ended before the folder goes, should nobody know it yet.
                "HOME": f"{folder}/",
            },
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        ours.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(ours, selectors.EVENT_READ)
        self.send({**config, "environment": dict(environment)})

    @property
    def pid(self) -> int:
        """Process id of the outer process."""
        return self._process.pid

    def send(self, frame: Mapping[str, Any]) -> None:
        """Queue a frame; it goes out while frames are awaited."""
        text = json.dumps(frame, separators=(",", ":")).encode()
        self._out += _LENGTH.pack(len(text)) + text
        self._write()

    def receive(self, timeout: float) -> dict[str, Any]:
        """The next frame.

        Args:
            timeout: Seconds after which the child counts as lost.

        Raises:
            ChildLost: It ended, kept silent, grew too large or sent something else.
        """
        deadline = time.monotonic() + timeout
        while not self._frames:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ChildLost("silent", f"the application did not answer within {timeout:g} s")
            self._wait(min(left, MEMORY_EVERY))
            self._check()
        return self._frames.popleft()

    def receive_walls(self, timeout: float) -> dict[str, Any]:
        """The first frame: what ``launch``, which is ours, says of the walls.

        With it come the sockets that stand for the allowed hosts, and from here on they are carried.

        Args:
            timeout: Seconds after which the child counts as lost.

        Raises:
            ChildLost: As in :meth:`receive`.
        """
        if not self._expects_doors:
            return self.receive(timeout)
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise ChildLost("silent", f"the box did not stand within {timeout:g} s")
        # A message with descriptors is not joined with the next one: these are from ``launch``.
        data, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 20, MAX_DOORS)
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if not data:
            raise ChildLost("exited", f"the box could not be built: it ended {self._how()}")
        self._in += data
        self._split()
        walls = self.receive(timeout)
        doors = zip(walls["doors"], listeners, strict=True)
        self._relay = Relay([Door(host, port, listener) for (host, port), listener in doors])
        return walls

    def _wait(self, seconds: float) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        self._selector.modify(self._socket, events)
        for _, ready in self._selector.select(seconds):
            if ready & selectors.EVENT_WRITE:
                self._write()
            if ready & selectors.EVENT_READ:
                self._read()

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            sent = self._socket.send(self._out)
            del self._out[:sent]

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise ChildLost("exited", f"the application's process ended {self._how()}")
        self._in += data
        self._split()

    def _split(self) -> None:
        start = 0
        while len(self._in) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._in, start)
            if length > self.max_frame:
                raise ChildLost(
                    "garbage", "the application's process sent a frame that is too long"
                )
            end = start + _LENGTH.size + length
            if len(self._in) < end:
                break
            self._frames.append(self._decoded(bytes(self._in[start + _LENGTH.size : end])))
            start = end
        del self._in[:start]

    @staticmethod
    def _decoded(text: bytes) -> dict[str, Any]:
        if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
            raise ChildLost("garbage", "the application's process sent a frame that is too large")
        try:
            # What is not finite, as a default may be, is no JSON and nothing to reckon with.
            frame = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ChildLost(
                "garbage", f"the application's process sent no JSON: {error}"
            ) from error
        if not isinstance(frame, dict) or not isinstance(frame.get("kind"), str):
            raise ChildLost("garbage", "the application's process sent something unexpected")
        return frame

    def _how(self) -> str:
        try:
            code = self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            return "without closing"
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"

    def _check(self) -> None:
        """Watch memory and disk.

        Raises:
            ChildLost: It uses too much of either.
        """
        now = time.monotonic()
        if now - self._checked < MEMORY_EVERY:
            return
        self._checked = now
        used = sum(_resident(pid) for pid in _family(self.pid))
        if used > MEMORY_LIMIT:
            raise ChildLost(
                "memory", f"the application used more than {MEMORY_LIMIT // 1024**2} MiB"
            )
        # To add up a folder is slow, so only where the disk as a whole has become fuller.
        if self._free - shutil.disk_usage(self._folder).free > DISK_LIMIT:
            if _size(self._folder) > DISK_LIMIT:
                raise ChildLost(
                    "disk", f"the application wrote more than {DISK_LIMIT // 1024**2} MiB"
                )

    def close(self, *, grace: float = 0.5) -> None:
        """Ask the child to end, then end its whole group. Safe to call twice.

        Args:
            grace: Seconds to end by itself.
        """
        if self._process.poll() is None and grace:
            with contextlib.suppress(OSError, ChildLost):
                self.send({"kind": "stop"})
                self._socket.shutdown(socket.SHUT_WR)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=grace)
        for pid in [*_family(self.pid)[::-1]]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if self._relay is not None:
            self._relay.close()
        self._selector.close()
        self._socket.close()


def _size(folder: Path) -> int:
    """Bytes on disk below a folder that somebody else fills; more than it is for too many files."""
    total = count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            count += 1
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            if count > MAX_COUNTED or total > DISK_LIMIT:
                return DISK_LIMIT + 1
    return total


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _family(pid: int) -> Sequence[int]:
    """A process and its descendants, parents first; only itself where there is no /proc."""
    found = [pid]
    for current in found:
        try:
            children = Path(f"/proc/{current}/task/{current}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found.extend(int(child) for child in children.split())
    return found if Path(f"/proc/{pid}").exists() else []


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0

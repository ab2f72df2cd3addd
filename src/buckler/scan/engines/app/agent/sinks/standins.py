"""Programs that seem to run: what the application starts ends at once, with success and no output.

A refused process raises in the middle of a handler, and whatever would come after it is never
reached: the second command of a background task, the answer that is made of the output. So
the call gets a process that is over already. The start is still reported, as a hit where a
canary is in it and as something that the box stopped where none is.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
from typing import Any, Dict, List, Optional, Tuple

from .. import state


def install() -> None:
    """Replace the ways in which Python code starts a program."""
    subprocess.Popen = Finished  # type: ignore[misc,assignment]
    os.system = _system
    asyncio.create_subprocess_exec = _exec
    asyncio.create_subprocess_shell = _shell  # type: ignore[assignment]
    asyncio.subprocess.create_subprocess_exec = _exec
    asyncio.subprocess.create_subprocess_shell = _shell  # type: ignore[assignment]


def _told(call: str, argv: List[str]) -> None:
    if not state.hit("process", call, argv):
        state.refuse("process", {"detail": " ".join(argv)[:300], "event": call})


def _argv(args: Any, shell: bool, executable: Any) -> List[str]:
    if isinstance(args, (str, bytes, os.PathLike)):
        argv = [state.text_of(args)]
    else:
        argv = [state.text_of(item) for item in args]
    if shell:
        return ["/bin/sh", "-c", *argv]
    if executable and argv:
        argv[0] = state.text_of(executable)
    return argv


class Finished:
    """A process that is over, with the interface of ``subprocess.Popen``."""

    def __init__(self, args: Any, *positional: Any, **options: Any) -> None:
        shell = bool(options.get("shell"))
        argv = _argv(args, shell, options.get("executable"))
        if not argv or "\x00" in "".join(argv):
            raise ValueError("embedded null byte")
        _told("subprocess.Popen", argv)
        self.args = args
        self.pid = 2**22 + 1
        self.returncode: Optional[int] = 0
        names = ("text", "universal_newlines", "encoding", "errors")
        self._text = any(options.get(name) for name in names)
        self.stdin = self._stream(options.get("stdin"))
        self.stdout = self._stream(options.get("stdout"))
        self.stderr = self._stream(options.get("stderr"))
        self.text_mode = self._text

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def _stream(self, wanted: Any) -> Any:
        if wanted != subprocess.PIPE:
            return None
        return io.StringIO() if self._text else io.BytesIO()

    def communicate(self, input: Any = None, timeout: Optional[float] = None) -> Tuple[Any, Any]:
        """No output: an empty text or bytes for each stream that was piped."""
        return tuple(s.getvalue() if s is not None else None for s in (self.stdout, self.stderr))  # type: ignore[return-value]

    def wait(self, timeout: Optional[float] = None) -> int:
        """It is over."""
        return 0

    def poll(self) -> int:
        """It is over."""
        return 0

    def send_signal(self, sig: int) -> None:
        """Nobody is there to get it."""

    terminate = kill = lambda self: None

    def __enter__(self) -> "Finished":
        return self

    def __exit__(self, *_: Any) -> None:
        return None


class _Asynchronous:
    """The same for ``asyncio.subprocess.Process``."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self.pid = 2**22 + 1
        self.returncode = 0
        self.stdin = None
        self.stdout = self._reader(options.get("stdout"))
        self.stderr = self._reader(options.get("stderr"))

    @staticmethod
    def _reader(wanted: Any) -> Optional[asyncio.StreamReader]:
        if wanted != subprocess.PIPE:
            return None
        reader = asyncio.StreamReader()
        reader.feed_eof()
        return reader

    async def communicate(self, input: Any = None) -> Tuple[Optional[bytes], Optional[bytes]]:
        """No output."""
        return (b"" if self.stdout else None, b"" if self.stderr else None)

    async def wait(self) -> int:
        """It is over."""
        return 0

    def send_signal(self, signal: int) -> None:
        """Nobody is there to get it."""

    terminate = kill = lambda self: None


def _system(command: Any) -> int:
    _told("os.system", ["/bin/sh", "-c", state.text_of(os.fspath(command))])
    return 0


async def _exec(program: Any, *args: Any, **options: Any) -> Any:
    _told(
        "asyncio.create_subprocess_exec", _argv([program, *args], False, options.get("executable"))
    )
    return _Asynchronous(options)


async def _shell(cmd: Any, **options: Any) -> Any:
    _told("asyncio.create_subprocess_shell", ["/bin/sh", "-c", state.text_of(cmd)])
    return _Asynchronous(options)

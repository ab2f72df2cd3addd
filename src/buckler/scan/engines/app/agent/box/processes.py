"""Stops processes from starting, signals to others, and the plainest ways around through ctypes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Callable

from . import audit
from .refusal import Refusals, text

# Event: which argument says what would have started.
_STARTS = {
    "subprocess.Popen": 1,
    "os.system": 0,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "os.startfile": 0,
    "os.startfile/2": 0,
    "pty.spawn": 0,
    "_winapi.CreateProcess": 1,
}
_FORKS = ("os.fork", "os.forkpty")
# Names an application has no harmless reason to ask ctypes for. Asking through `syscall` or a
# pointer stays possible.
_NATIVE = frozenset(
    (
        "fork",
        "vfork",
        "clone",
        "system",
        "popen",
        "posix_spawn",
        "posix_spawnp",
        "execl",
        "execlp",
        "execle",
        "execv",
        "execvp",
        "execvpe",
        "execve",
        "fexecve",
        "connect",
        "sendto",
        "sendmsg",
        "kill",
        "killpg",
        "tgkill",
        "ptrace",
        "syscall",
        "daemon",
    )
)


def install(refusals: Refusals) -> None:
    """Refuse processes, signals and native ways."""
    for event, index in _STARTS.items():
        audit.on(event, _starter(refusals, event, index))
    for event in _FORKS:
        audit.on(event, _forker(refusals, event))
    audit.on("os.kill", _killer(refusals, "os.kill", os.getpid))
    if hasattr(os, "killpg"):
        audit.on("os.killpg", _killer(refusals, "os.killpg", os.getpgrp))
    audit.on("ctypes.dlsym", _native(refusals))
    _without_event(refusals)


def _starter(refusals: Refusals, event: str, index: int) -> Callable[[tuple[Any, ...]], None]:
    def handle(arguments: tuple[Any, ...]) -> None:
        refusals.process(text(arguments[index] or arguments[0]), event)

    return handle


def _forker(refusals: Refusals, event: str) -> Callable[[tuple[Any, ...]], None]:
    def handle(_: tuple[Any, ...]) -> None:
        refusals.process("a copy of the application", event)

    return handle


def _killer(
    refusals: Refusals, event: str, own: Callable[[], int]
) -> Callable[[tuple[Any, ...]], None]:
    def handle(arguments: tuple[Any, ...]) -> None:
        if arguments[0] != own():
            refusals.signal(f"signal {int(arguments[1])} to {arguments[0]}", event)

    return handle


def _native(refusals: Refusals) -> Callable[[tuple[Any, ...]], None]:
    def handle(arguments: tuple[Any, ...]) -> None:
        if arguments[1] in _NATIVE:
            refusals.native(f"{arguments[1]} through ctypes", "ctypes.dlsym")

    return handle


def _without_event(refusals: Refusals) -> None:
    """Multiprocessing's spawn and forkserver, and signals by descriptor, raise no event.

    Replace the functions.
    """
    if hasattr(signal, "pidfd_send_signal"):

        def pidfd_send_signal(descriptor: int, number: int, *rest: Any) -> None:
            refusals.signal(f"signal {int(number)} to a descriptor", "signal.pidfd_send_signal")

        signal.pidfd_send_signal = pidfd_send_signal
    try:
        import _posixsubprocess
    except ImportError:
        return

    def fork_exec(arguments: Any, *rest: Any) -> int:
        refusals.process(text(arguments), "_posixsubprocess.fork_exec")

    _posixsubprocess.fork_exec = fork_exec
    loaded = sys.modules.get("subprocess")
    for name in ("_fork_exec", "fork_exec"):
        if loaded is not None and hasattr(loaded, name):
            setattr(loaded, name, fork_exec)

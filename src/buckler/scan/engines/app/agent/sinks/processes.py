"""Process start: CWE-78 and CWE-88. Watched by audit events, which cover asyncio and BackgroundTasks."""

from __future__ import annotations

from typing import Any, List

from .. import state
from ..box import audit


def install() -> None:
    """Watch every way in which CPython starts a program."""
    audit.on("subprocess.Popen", lambda args: _start("subprocess.Popen", args[0], args[1]))
    audit.on("os.system", lambda args: _shell("os.system", args[0]))
    audit.on("os.exec", lambda args: _start("os.exec", args[0], args[1]))
    audit.on("os.posix_spawn", lambda args: _start("os.posix_spawn", args[0], args[1]))
    audit.on("pty.spawn", lambda args: _start("pty.spawn", None, args[0]))


def _shell(call: str, command: Any) -> None:
    _stop(call, ["/bin/sh", "-c", state.text_of(command)])


def _start(call: str, executable: Any, args: Any) -> None:
    if isinstance(args, (str, bytes)):
        argv = [state.text_of(args)]
    else:
        argv = [state.text_of(item) for item in args]
    program = state.text_of(executable) if executable else ""
    if argv and program and not state.carries(argv[0]):
        argv[0] = program
    _stop(call, argv)


def _stop(call: str, argv: List[str]) -> None:
    if state.hit("process", call, argv):
        raise state.Stopped("Buckler stopped this process before it started")

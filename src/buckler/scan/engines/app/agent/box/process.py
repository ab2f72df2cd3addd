"""The outer half, which waits, and the inner process, which is the application.

Threat: a daemon that outlives the scan, a signal to the scanner, an application that hangs on after
the scanner was killed. The application becomes process 2 of a process namespace of its own under a
tiny process 1: when 1 goes, the kernel ends whatever is left inside. (As process 1 itself it could
not be ended by its own signals, and `os.abort` would spin.) The outer half is the process the
scanner started: it passes the end of the application on as its own, exit code or signal.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
from typing import NoReturn

from . import libc

_STATUS = struct.Struct("i")


def split(namespace: bool) -> int:
    """Fork; return in the inner process only, with its process id as the scanner sees it.

    `namespace`: unshare of pid was done.

    Raises OSError where the process cannot be forked; then nothing has changed.
    """
    report, status = os.pipe()
    started, parent = os.getpid(), os.getppid()
    child = os.fork()
    if child:
        _outer(child, report, parent)
    os.close(report)
    _follow(status)
    os.setsid()
    if not namespace:
        os.close(status)
        if os.getppid() != started:
            os._exit(137)
        return os.getpid()
    inner = os.fork()
    if inner:
        _first(inner, status)
    os.close(status)
    # The old /proc still numbers processes as the scanner does.
    return int(os.readlink("/proc/self"))


def _follow(status: int) -> None:
    """Die when the outer half dies, also when it died before this line."""
    libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    poller = select.poll()
    poller.register(status, 0)
    if poller.poll(0):
        os._exit(137)


def _quiet(keep: int) -> None:
    """Give up every descriptor but `keep`, and be opaque to the application.

    The scanner must see the end of a pipe when the application ends, not when this half does.
    """
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        if standard != keep:
            os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number > 2 and number != keep:
            try:
                os.close(number)
            except OSError as error:
                if error.errno != 9:  # the descriptor of the listing itself
                    raise
    os.chdir("/")


def _first(inner: int, status: int) -> NoReturn:
    """Process 1 of the namespace.

    Collect orphans, then tell the outer half how the application ended.
    """
    try:
        _quiet(status)
        while True:
            ended, how = os.waitpid(-1, 0)
            if ended == inner:
                os.write(status, _STATUS.pack(how))
                break
    finally:
        os._exit(0)


def _outer(child: int, report: int, parent: int) -> NoReturn:
    """Wait for the application, or for the end of the scanner, and end the same way."""
    how = 137 << 8
    try:
        _quiet(report)
        how = _wait(child, report, parent)
    finally:
        _end(how)


def _wait(child: int, report: int, parent: int) -> int:
    # A watch on the scanner's whole process: PR_SET_PDEATHSIG would fire when only the thread that
    # started us ends.
    try:
        poller = select.poll()
        poller.register(os.pidfd_open(child), select.POLLIN)
        if os.getppid() == parent:
            poller.register(os.pidfd_open(parent), select.POLLIN)
    except (AttributeError, OSError):
        libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
        poller = select.poll()
        poller.register(report, select.POLLIN)
    if os.getppid() == parent:
        poller.poll()
    if os.getppid() != parent:
        os.kill(child, signal.SIGKILL)
    _, own = os.waitpid(child, 0)
    ready = select.poll()
    ready.register(report, select.POLLIN)
    data = os.read(report, _STATUS.size) if ready.poll(0) else b""
    how: int = _STATUS.unpack(data)[0] if len(data) == _STATUS.size else own
    return how


def _end(how: int) -> NoReturn:
    try:
        if os.WIFSIGNALED(how):
            number = os.WTERMSIG(how)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
    finally:
        os._exit(os.WEXITSTATUS(how) if os.WIFEXITED(how) else 137)

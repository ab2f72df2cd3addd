"""Lets a signal end a scan that works in several threads.

A signal reaches the main thread alone, which then waits for the others to come to an end before
it removes what they use. They ask here, often, whether they are wanted any more; without it a
scan would go on for minutes and be ended with its folder left behind.
"""

from __future__ import annotations

import threading

_asked = threading.Event()


class Stopped(BaseException):
    """Unwinds a thread; no error, so that no handler of errors takes it for one."""


def ask() -> None:
    """Ask every thread of this process to stop scanning. For good: the process ends."""
    _asked.set()


def is_asked() -> bool:
    """Whether :func:`ask` was called."""
    return _asked.is_set()


def check() -> None:
    """Unwind if :func:`ask` was called.

    Raises:
        Stopped: It was, and this is a thread beside the main one, which unwinds by itself.
    """
    if _asked.is_set() and threading.current_thread() is not threading.main_thread():
        raise Stopped

"""Asks for the addresses of a name: the system's resolver, or one's own."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from buckler.guard.egress.errors import TooSlow

Resolver = Callable[[str, int], Sequence[str]]
"""Takes a name and a port and gives addresses as texts; raises OSError where there are none. It may block: it is
called in a thread."""


AT_ONCE: Final = 64
"""Look-ups at once in the process: those that hang go on in their threads after nobody waits for them."""
_ROOM = threading.BoundedSemaphore(AT_ONCE)


def system(host: str, port: int) -> list[str]:
    """What the operating system says (``getaddrinfo``), each address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def within(resolver: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """The answer of a resolver, or an end to waiting: ``getaddrinfo`` itself cannot be told when to stop.

    Raises:
        OSError: There is no such name.
        TooSlow: It took longer than ``seconds``.
    """
    ends = time.monotonic() + max(seconds, 0)
    room = _ROOM
    if not room.acquire(timeout=max(seconds, 0)):
        raise TooSlow("too many names are being resolved", reason="resolve")
    answers: queue.SimpleQueue[Sequence[str] | OSError | ValueError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, ValueError) as error:
            answers.put(error)
        finally:
            room.release()

    threading.Thread(target=ask, name="buckler-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(ends - time.monotonic(), 0))
    except queue.Empty as error:
        raise TooSlow("the name of the host was not resolved in time", reason="resolve") from error
    if isinstance(answer, ValueError):
        raise OSError(str(answer)) from answer
    if isinstance(answer, OSError):
        raise answer
    return answer

"""One audit hook for the whole agent.

Threat: an operation (a process, a connection, a write) that must be seen, and stopped, before it
happens. `sys.addaudithook` shows it and a hook that raises stops it, but hooks cannot be removed
and each one costs every event of the process. So there is one, which looks the event up in a
dictionary and returns at once when nobody asked for it.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Callable

Handler = Callable[["tuple[Any, ...]"], None]

_handlers: dict[str, tuple[Handler, ...]] = {}
_installed = False


def on(event: str, handler: Handler) -> None:
    """Call `handler(arguments)` at each `event`, after the handlers registered before it.

    When it raises, the operation stops.
    """
    _handlers[event] = (*_handlers.get(event, ()), handler)


def install() -> None:
    """Add the dispatcher to the process.

    The second call does nothing, for a hook stays for ever.
    """
    global _installed
    if _installed:
        return
    _installed = True
    sys.addaudithook(_dispatcher())


def _dispatcher() -> Callable[[str, tuple[Any, ...]], None]:
    """Make the hook, its names bound in a closure.

    Module globals are already gone when the interpreter shuts down.
    """
    find = _handlers.get
    guard = threading.local()

    def dispatch(event: str, arguments: tuple[Any, ...]) -> None:
        handlers = find(event)
        if handlers is None or getattr(guard, "busy", False):
            return
        # A handler opens files and asks for names itself; without the guard it would judge its own
        # events for ever.
        guard.busy = True
        try:
            for handler in handlers:
                handler(arguments)
        finally:
            guard.busy = False

    return dispatch

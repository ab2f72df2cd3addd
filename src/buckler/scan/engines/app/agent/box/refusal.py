"""How the Python wall says no.

One place, so that every refusal is told and names the option that allows it.
"""

from __future__ import annotations

import builtins
import errno
from typing import Any, Callable, NoReturn


class Refusals:
    """Tells the scanner what was refused, and makes the exception the application sees."""

    def __init__(self, report: Callable[[str, dict[str, str]], None]) -> None:
        self._report = report

    def tell(self, what: str, detail: str, event: str) -> None:
        """Report that `detail` was refused.

        `what` is process, connection, write, signal or native.
        """
        self._report("refused", {"what": what, "detail": detail, "event": event})

    def process(self, detail: str, event: str) -> NoReturn:
        """Refuse to start a process."""
        self.tell("process", detail, event)
        raise PermissionError(
            errno.EPERM,
            f"Buckler stopped a process from starting ({detail}); --allow-processes lets it start",
        )

    def connection(self, detail: str, event: str) -> NoReturn:
        """Refuse a connection or a look-up; `detail` is HOST:PORT or what stands for it."""
        self.tell("connection", detail, event)
        raise ConnectionRefusedError(
            errno.ECONNREFUSED,
            f"Buckler stopped a connection to {detail}; --allow {detail} lets it through",
        )

    def socket(self, detail: str, event: str) -> NoReturn:
        """Refuse a Unix socket; `detail` is its path."""
        self.tell("connection", detail, event)
        message = (
            f"Buckler stopped a connection to the socket {detail}; "
            "use HOST:PORT instead, which --allow HOST:PORT lets through"
        )
        raise ConnectionRefusedError(errno.ECONNREFUSED, message)

    def listening(self, detail: str, event: str) -> NoReturn:
        """Refuse to listen where others can reach it."""
        self.tell("connection", detail, event)
        message = (
            f"Buckler stopped the application from listening on {detail}, where other machines "
            "could reach it; listen on 127.0.0.1 (--allow HOST:PORT is for hosts it calls)"
        )
        raise PermissionError(errno.EPERM, message)

    def write(self, detail: str, event: str) -> NoReturn:
        """Refuse to change a file of the system."""
        self.tell("write", detail, event)
        raise PermissionError(
            errno.EPERM,
            f"Buckler stopped a change of {detail}: a scan changes no file; no option allows it",
        )

    def signal(self, detail: str, event: str) -> NoReturn:
        """Refuse a signal to another process."""
        self.tell("signal", detail, event)
        raise PermissionError(
            errno.EPERM, f"Buckler stopped a signal ({detail}); --allow-processes lets it through"
        )

    def native(self, detail: str, event: str) -> NoReturn:
        """Refuse a way below Python."""
        self.tell("native", detail, event)
        raise PermissionError(
            errno.EPERM,
            f"Buckler stopped a call below Python ({detail}); --allow-processes lets it through",
        )


def text(value: Any) -> str:
    """`value` as text for a report: paths, bytes, argument lists; at most 200 characters."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    elif isinstance(value, (list, tuple)):
        value = " ".join(text(part) for part in value)
    elif hasattr(value, "__fspath__"):
        return text(value.__fspath__())
    return builtins.str(value)[:200]

"""What a log handler writes: CWE-117 and CWE-532."""

from __future__ import annotations

import logging
from typing import Any

from .. import state


def install() -> None:
    """Watch the formatted text of every logging handler of the application."""
    original = logging.Handler.format

    def watched(self: logging.Handler, record: logging.LogRecord) -> Any:
        text = original(self, record)
        # A traceback holds the input of whatever failed; that is not what was logged on purpose.
        if isinstance(text, str) and not record.exc_info:
            state.hit("log", f"logging ({record.name})", text)
        return text

    logging.Handler.format = watched  # type: ignore[method-assign]


class _Formatting(logging.Handler):
    """Formats every record and writes it nowhere."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.format(record)
        except Exception:
            self.handleError(record)


def listen() -> None:
    """Give an application that configured no logging what its server would give it.

    In production the server's configuration or a collector sees the records from INFO on;
    without a handler they would vanish here before anybody could look at them.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_Formatting())
        if root.level in (logging.NOTSET, logging.WARNING):
            root.setLevel(logging.INFO)

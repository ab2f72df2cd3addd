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

"""What a process of watch writes to standard error: lines for people, or one JSON object for each.

Threat: a value of somebody's project that breaks a line and forges another (CWE-117).
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final, Literal

from buckler.core.redact import Redactor
from buckler.guard.audit.record import stamp
from buckler.notify.lines import lines, one_line

Format = Literal["text", "json"]
FORMATS: Final = ("text", "json")
LONGEST: Final = 8_000


class Text(logging.Formatter):
    """``WARNING buckler.watch the message``, on one line; a traceback follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s")
        self._redactor = Redactor()

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line."""
        return one_line(self._redactor.text(super().formatMessage(record)), LONGEST)


class Json(logging.Formatter):
    """``{"time": …, "level": …, "logger": …, "message": …, "trace": …}`` in ASCII, on one line."""

    def __init__(self) -> None:
        super().__init__()
        self._redactor = Redactor()

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        made: dict[str, Any] = {
            "time": stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": lines(self._redactor.text(record.getMessage()), LONGEST),
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            made["trace"] = lines(self._redactor.text(trace), LONGEST)
        return json.dumps(made, separators=(",", ":"))


def configure(form: Format, level: int = logging.WARNING) -> None:
    """Let everything of this process write so, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Text())
    logging.basicConfig(level=level, handlers=[handler], force=True)

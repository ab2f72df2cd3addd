"""Tells a listener of security events, and goes on where it fails.

Threat: a log that is full, or a bug in a listener, ends the requests that it should only have written down,
or the other way round: who makes it fail is never seen.
"""

from __future__ import annotations

import logging
from typing import Final

from buckler.guard.audit.events import Listener, SecurityEvent

log: Final = logging.getLogger("buckler.guard")


class Teller:
    """Calls a listener.

    Args:
        listener: Gets the events.

    Attributes:
        failures: How often it raised; the first one goes to the log with its story, and then each
            time that the number doubled.
    """

    __slots__ = ("_listener", "failures")

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.failures = 0

    def __call__(self, event: SecurityEvent) -> None:
        """Tell it; never raises."""
        try:
            self._listener(event)
        except Exception as error:
            self.failures += 1
            if self.failures & (self.failures - 1) == 0:
                log.exception(
                    "events: the listener failed (%d times): %s",
                    self.failures,
                    type(error).__name__,
                )

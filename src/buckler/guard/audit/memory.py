"""A sink for tests: keeps the last records."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from buckler.guard.audit.events import SecurityEvent
from buckler.guard.audit.record import AuditRecord
from buckler.guard.options import count


class MemorySink:
    """Keeps records in this process.

    Args:
        most: Records to keep; older ones go.

    Raises:
        GuardError: ``most`` is no whole number above zero.
    """

    name = "memory"

    def __init__(self, most: int = 10_000) -> None:
        self._records: deque[AuditRecord] = deque(maxlen=count(most, "most"))

    @property
    def records(self) -> list[AuditRecord]:
        """Those kept, oldest first."""
        return list(self._records)

    @property
    def events(self) -> list[SecurityEvent]:
        """Their events."""
        return [record.event for record in self._records]

    def open(self) -> None:
        """A forked process starts with none of its parent's."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Keep them."""
        self._records.extend(records)

    def close(self) -> None:
        """What was kept stays."""

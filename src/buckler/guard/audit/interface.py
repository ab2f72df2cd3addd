"""What a sink is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from buckler.guard.audit.record import AuditRecord


class Sink(Protocol):
    """A place where records go. All three methods are called in one thread, never by the application.

    A sink that raises is tried again with the same records after a growing wait;
    :class:`~buckler.notify.DeliveryError` with ``retry=False`` says that this is no use.
    """

    @property
    def name(self) -> str:
        """For logs and figures; holds no secret."""

    def open(self) -> None:
        """Start in this process: whatever file or socket another process opened is left to it."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Write all of them, in order; come back within bounded time."""

    def close(self) -> None:
        """Let go of files and sockets."""

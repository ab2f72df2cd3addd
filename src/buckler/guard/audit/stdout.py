"""JSON lines on standard output, as containers want them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO

from buckler.guard.audit.record import AuditRecord
from buckler.guard.audit.shapes import Shape, ShapeName, line, shape_of


class StdoutSink:
    """Writes one line for each record.

    Args:
        shape: ``json``, ``ecs``, ``ocsf`` or a function of your own.
        stream: Else standard output, looked up at each write.

    Raises:
        GuardError: There is no such shape.
    """

    def __init__(self, shape: ShapeName | Shape = "json", *, stream: IO[str] | None = None) -> None:
        self._shape = shape_of(shape)
        self._stream = stream

    @property
    def name(self) -> str:
        """For logs."""
        return "stdout"

    def open(self) -> None:
        """Nothing to open."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Write and flush them together, so that lines of other threads do not come between.

        Raises:
            OSError: The stream is closed or full.
        """
        stream = self._stream or sys.stdout
        if stream is None:  # a service of Windows has none
            raise OSError("there is no standard output")
        text = "".join(line(self._shape, record) + "\n" for record in records)
        try:
            stream.write(text)
            stream.flush()
        except ValueError as error:
            raise OSError("standard output is closed") from error

    def close(self) -> None:
        """The stream belongs to others."""

"""What a report format is: a name, the file endings that mean it, and one function."""

from __future__ import annotations

from typing import Protocol

from buckler.core.report import Report


class Format(Protocol):
    """Turns a report into the text of one file.

    The same report gives the same text, so that two reports can be compared; nothing is read
    from the clock, the network or the scanned folder.
    """

    @property
    def name(self) -> str:
        """As ``--format`` takes it."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of files, with the dot, the usual one first."""
        ...

    def render(self, report: Report) -> str:
        """The report as text; every value of the application in it is harmless there."""
        ...

"""What a place is whose rows the scan puts back, whatever keeps them."""

from __future__ import annotations

from typing import Protocol


class StoreError(Exception):
    """It cannot be kept or put back now; the text says why."""


class Store(Protocol):
    """One database of the application, on a server or in a file of the scan's own.

    Attributes:
        name: For people: ``PostgreSQL shop``.
    """

    name: str

    def keep(self) -> None:
        """Remember what it holds now.

        Raises:
            StoreError: It is too large, or locked.
        """

    def changed(self) -> bool:
        """Whether it holds something else than what was kept last; cheap.

        Raises:
            StoreError: Nobody can tell.
        """

    def restore(self) -> None:
        """Put back what was kept last, under the open connections of the application.

        Raises:
            StoreError: The application holds a lock, or has changed its tables.
        """

    def close(self) -> None:
        """Let go of it."""

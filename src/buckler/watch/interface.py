"""The ports of watch, and the values that pass through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf something is read or changed. Every row of a target is reached through one (CWE-639).

    Attributes:
        id: Of the account; goes into the history.
        everything: Whether they see the targets of all owners.
    """

    id: str
    everything: bool = False


SYSTEM: Final = Caller("watch", everything=True)
"""Watch itself: the clock, the workers, and the command on the machine where the data are."""


class Step(Protocol):
    """Runs a function once, or gives what it gave before this process died."""

    def __call__(self, name: str, function: Callable[..., str], /, *args: Any) -> str:
        """Run it under a name."""


class Engine(Protocol):
    """Runs scans durably: what was queued is done, whichever process dies meanwhile."""

    @property
    def worker(self) -> str:
        """Id of this process, another one at each start."""

    def start(self) -> None:
        """Begin to take work."""

    def enqueue(self, scan_id: str, target_id: str) -> None:
        """Queue a scan; one that is queued, running or done already is left as it is."""

    def take_over(self, workers: Sequence[str]) -> int:
        """Queue again what dead workers had begun; how much that was.

        Args:
            workers: Ids of processes that are gone for good.
        """

    def owners(self) -> frozenset[str]:
        """Workers that have begun something that has not ended."""

    def forget(self, before: float) -> None:
        """Delete what it remembers of work that ended before a moment, seconds since 1970."""

    def stop(self) -> None:
        """Take no new work. What runs is not waited for: it is taken up again at the next start."""

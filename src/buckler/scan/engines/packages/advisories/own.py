"""Advisories of a project's own, in OSV records beside its code: for what no public database will ever hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buckler.scan.engines.packages.advisories.index import Known
from buckler.scan.engines.packages.advisories.model import Advisory


class OwnAdvisories:
    """A handful of records, asked as an index is.

    Args:
        advisories: Each is a weakness of its own.
    """

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._advisories = tuple(advisories)
        self._known: dict[str, list[Known]] = {}
        for number, advisory in enumerate(self._advisories):
            for affected in advisory.affected:
                self._known.setdefault(affected.package, []).append(Known(number, number, affected))

    def known(self, names: Iterable[str]) -> Mapping[str, Sequence[Known]]:
        """The records about packages, by name."""
        return {name: self._known[name] for name in names if name in self._known}

    def candidates(self, pins: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[Known]]:
        """The same, by names and versions."""
        return self.known(name for name, _ in pins)

    def records(self, numbers: Iterable[int]) -> Mapping[int, Advisory]:
        """The records of these numbers."""
        return {number: self._advisories[number] for number in numbers}

    def exploited(self, names: Iterable[str]) -> Mapping[str, tuple[str, bool]]:
        """None of them: that is said of public weaknesses alone."""
        del names
        return {}

    def likely(self, names: Iterable[str]) -> Mapping[str, tuple[float, float]]:
        """None of them, for the same reason."""
        del names
        return {}

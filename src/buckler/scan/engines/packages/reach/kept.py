"""What a run for reachability has shown, kept in the user's own cache folder as findings of files are."""

from __future__ import annotations

import json
from pathlib import Path

from buckler.scan.engines.packages.reach.running import Calls, from_dict
from buckler.scan.engines.packages.reach.watching import Watching
from buckler.scan.engines.source.kept import digest, own_sources, read_own, write_own

_NAME = "reach.json"


class Kept:
    """What is kept of one project: the last run, bound to the content of its files and to what was asked.

    Args:
        folder: Where; it is made when something is kept, for this user alone.
        watching: What is asked.
        content: Digest of the project's source.
    """

    def __init__(self, folder: Path, watching: Watching, content: str) -> None:
        self._path = folder / _NAME
        asked = json.dumps([watching.spec, content, own_sources()])
        self._version = digest(asked.encode())

    def load(self) -> Calls | None:
        """What was shown; None where something has changed since, or nothing is kept."""
        data = read_own(self._path)
        if not isinstance(data, dict) or data.get("version") != self._version:
            return None
        return from_dict(data.get("calls"))

    def save(self, calls: Calls) -> None:
        """Keep it."""
        write_own(self._path, json.dumps({"version": self._version, "calls": calls.as_dict()}))

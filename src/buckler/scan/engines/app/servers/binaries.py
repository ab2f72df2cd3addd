"""Finds server programs: on PATH, and where distributions and package managers put them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/libexec",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/opt/homebrew/opt/mysql*/bin",
    "/opt/local/lib/postgresql*/bin",
)


def find(*names: str) -> Path | None:
    """The first of these programs that is there; of several versions the newest."""
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
        places = [place / name for pattern in PLACES for place in _expanded(pattern)]
        usable = [path for path in places if path.is_file()]
        if usable:
            return max(usable, key=_version)
    return None


def _expanded(pattern: str) -> list[Path]:
    return sorted(Path("/").glob(pattern.lstrip("/")))


def _version(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(path.parent))))

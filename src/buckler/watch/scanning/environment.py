"""Environments: which may be looked at, and how. Their packages are read from the disk, no interpreter is started."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from buckler.watch.errors import RefusedError
from buckler.watch.scanning import address

_SITES: Final = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")


def folder(path: str, folders: Collection[Path]) -> str:
    """The folder of a virtual environment.

    Args:
        path: Of it, or of its interpreter (``/srv/shop/.venv/bin/python``).
        folders: Below which it may lie.

    Raises:
        RefusedError: There is none, or it lies elsewhere.
    """
    place = Path(path)
    if place.parent.name in ("bin", "Scripts") and place.name.startswith("python"):
        # The interpreter itself is a link that leads out of the environment.
        place = place.parent.parent
    found = address.folder(str(place), folders)
    if not is_one(found):
        raise RefusedError(
            "location: this is no environment of Python",
            hint="the folder that holds lib/python3.X/site-packages, or bin/python in it",
        )
    return str(found)


def is_one(place: Path) -> bool:
    """Whether a folder is an environment."""
    return any(any(place.glob(pattern)) for pattern in _SITES)

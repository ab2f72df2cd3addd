"""Payloads that climb out of a folder, and how to tell that they did."""

from __future__ import annotations

import os
from collections.abc import Iterator

from buckler.scan.engines.interface import Canary, Hit, Mint, Payload, Probe, Slot

DEPTH = 14
BESIDE = "-beside"
"""As ``agent/sinks/files.py`` has it."""
MAX_FOLDERS = 2


def climbing(slot: Slot, mint: Mint) -> Iterator[Payload]:
    """Names of a planted file, seen from anywhere.

    Args:
        slot: Where they go; a plain path parameter cannot hold a slash, so it gets none.
        mint: Makes the canaries.
    """
    for before, slash, note in (
        ("../" * DEPTH, "/", "climbs out of the folder"),
        ("/", "/", "is absolute"),
        ("....//" * DEPTH, "/", "climbs once '../' was taken out"),
        ("..%2f" * DEPTH, "%2f", "is percent-encoded once more"),
        ("x/" + "../" * (DEPTH + 1), "/", "climbs after a folder"),
    ):
        canary = mint()
        yield Payload(before + canary.plant.lstrip("/").replace("/", slash), canary, note)
    for folder in slot.folders[:MAX_FOLDERS]:
        canary = mint()
        way = os.path.relpath(_beside(folder, canary), folder)
        yield Payload(f"{way}/{canary.text}", canary, "is a folder beside it that begins like it")


def escaped(hit: Hit, probe: Probe) -> bool:
    """Whether the path leads to the planted file.

    The plant lies in a folder that no path inside of the application names, so to get there is
    to have left the folder that was meant, whatever became of the dots.
    """
    canary = probe.payload.canary
    resolved = os.path.normpath(str(hit.more.get("resolved", "")))
    planted = (canary.plant, *(f"{_beside(f, canary)}/" for f in probe.slot.folders))
    return any(resolved.lower().startswith(path.lower()) for path in planted)


def _beside(folder: str, canary: Canary) -> str:
    """A folder that stands beside another one and whose name begins like it (CWE-22)."""
    return f"{folder}{canary.text}{BESIDE}"

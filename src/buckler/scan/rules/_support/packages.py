"""Words for findings about requirements."""

from __future__ import annotations

from collections.abc import Sequence


def some(names: Sequence[str], most: int = 4) -> str:
    """Some of the names, and how many more there are."""
    listed = list(dict.fromkeys(names))
    shown = ", ".join(listed[:most])
    return f"{shown} and {len(listed) - most} more" if len(listed) > most else shown

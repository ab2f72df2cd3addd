"""Waiting for what happens in another thread or process: as long as a busy machine takes, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(happened: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return as soon as something is true; fail where it never is."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} s"
        time.sleep(0.01)

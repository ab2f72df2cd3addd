"""Fixtures of the box's tests."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder below /tmp that every user can enter; pytest's own belongs to root alone."""
    with tempfile.TemporaryDirectory(prefix="box-") as folder:
        yield Path(folder)

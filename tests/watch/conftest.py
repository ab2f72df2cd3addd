"""A database of watch's own for each test, and small reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buckler.watch.db import migrations
from buckler.watch.db.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An SQLite file with watch's tables."""
    made = Database(f"sqlite:///{tmp_path / 'watch.db'}")
    migrations.upgrade(made)
    yield made
    made.close()

"""Vectors of other projects, which lie beside the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("BUCKLER_DATA", Path(__file__).parents[4] / "shared" / "data"))


def load(name: str) -> Any:
    """A file of them; the module skips where it is missing."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"{path} is not there: set BUCKLER_DATA", allow_module_level=True)
    return json.loads(path.read_text(encoding="utf-8"))


def names(folder: str) -> list[str]:
    """Files of a folder."""
    if not (ROOT / folder).exists():
        pytest.skip(f"{ROOT / folder} is not there: set BUCKLER_DATA", allow_module_level=True)
    return sorted(f"{folder}/{path.name}" for path in (ROOT / folder).glob("*.json"))

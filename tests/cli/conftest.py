"""The command as a user types it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BUCKLER = str(Path(sys.executable).with_name("buckler"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the command sees of the outside; its folder for temporary files is one of its own."""
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    own = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "COLUMNS": "100",
        "TMPDIR": str(scratch),
    }
    return {**os.environ, **own}


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``run("scan", folder)``."""

    def call(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BUCKLER, *arguments],
            capture_output=True,
            text=True,
            cwd=cwd,
            env=environment,
            timeout=120,
            check=False,
        )

    return call

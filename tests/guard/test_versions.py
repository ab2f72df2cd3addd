"""Guard on older FastAPI and Starlette, in interpreters of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.interpreters import OLDER

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["newest", *OLDER])
def test_guard_works_on(name: str) -> None:
    python = sys.executable if name == "newest" else str(ROOT / f".venvs/{name}/bin/python")
    if not Path(python).exists():
        pytest.skip(f"no {name} here: scripts/interpreters.py makes it")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [python, "-m", "tests.guard.legacy"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fine on FastAPI" in done.stdout
    if name != "newest":
        assert OLDER[name] in done.stdout

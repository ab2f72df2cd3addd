"""What the README and the first page of guard show can be copied and run as it stands."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCK.findall((ROOT / "README.md").read_text()))))
def test_each_block_of_the_readme_runs_alone(number: int, tmp_path: Path) -> None:
    code = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))[number]
    _run(code, tmp_path)


def test_the_blocks_of_the_first_page_run_one_after_the_other(tmp_path: Path) -> None:
    _run("\n".join(BLOCK.findall((ROOT / "docs/guard.md").read_text(encoding="utf-8"))), tmp_path)


def _run(code: str, folder: Path) -> None:
    environment = {**os.environ, "SECRET": secrets.token_urlsafe(48)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr

"""Programs of others, fetched from npm once for each set and run by Node."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CACHE = Path(tempfile.gettempdir()) / f"buckler-npm-{os.getuid()}"


def packages(*wanted: str) -> Path:
    """A folder in which Node finds packages; the test skips where they cannot be had.

    Args:
        wanted: Names with versions, ``openid-client@6``.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm: apt-get install nodejs npm")
    name = hashlib.sha256(" ".join(sorted(wanted)).encode()).hexdigest()[:16]
    folder = CACHE / name
    if (folder / ".whole").exists():
        return folder
    CACHE.mkdir(mode=0o700, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=CACHE))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *wanted]
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command, cwd=made, env=environment, capture_output=True, text=True, timeout=180
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch in time: {' '.join(command)}")
    if done.returncode:
        pytest.skip(f"npm cannot fetch here: {' '.join(command)}")
    (made / ".whole").touch()
    try:
        made.rename(folder)
    except OSError:  # another worker was faster
        shutil.rmtree(made)
    return folder

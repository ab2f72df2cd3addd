"""Programs of others, fetched from npm and run by Node on loopback."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CACHE = Path(tempfile.gettempdir()) / f"buckler-npm-{os.getuid()}"
PACKAGES = ("oidc-provider@9", "oauth2-mock-server@8", "jose@6")


def packages() -> Path:
    """A folder in which Node finds them; made once for all runs on this machine."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm: apt-get install nodejs npm")
    if (CACHE / "done").exists():
        return CACHE
    made = Path(tempfile.mkdtemp(prefix="buckler-npm-"))
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    try:
        done = subprocess.run(
            command, cwd=made, env=environment, capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch in time: {' '.join(command)}")
    if done.returncode:
        pytest.skip(f"npm cannot fetch here: {' '.join(command)}")
    (made / "done").touch()
    try:
        made.rename(CACHE)
    except OSError:  # another run was faster
        shutil.rmtree(made)
    return CACHE


@contextmanager
def running(script: str, argument: Mapping[str, Any]) -> Iterator[str]:
    """The first line that a script prints, while it runs."""
    folder = packages()
    copied = folder / f"{secrets.token_hex(8)}-{script}"
    copied.write_text((HERE / script).read_text(encoding="utf-8"), encoding="utf-8")
    process = subprocess.Popen(
        ["node", str(copied), json.dumps(argument)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            assert process.stderr is not None
            pytest.fail(process.stderr.read())
        yield line
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=20)
        copied.unlink()
        sys.stderr.write(errors[-4000:])

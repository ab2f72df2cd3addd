"""The interpreters the box is tested with."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

_PACKAGES = Path("/tmp/dev-box/packages")
_PYENV = Path.home() / ".pyenv/versions"


@functools.cache
def with_packages() -> str:
    """An interpreter with uvloop and psycopg, in a virtual environment made once.

    "" when it cannot be had.
    """
    python = _PACKAGES / "bin/python"
    ready = _PACKAGES / "ready"
    if not ready.exists():
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", str(_PACKAGES)],
                check=True,
                capture_output=True,
                timeout=120,
            )
            command = [str(python), "-m", "pip", "install", "--quiet", "uvloop", "psycopg[binary]"]
            subprocess.run(command, check=True, capture_output=True, timeout=240)
        except (subprocess.SubprocessError, OSError):
            return ""
        ready.touch()
    return str(python)


def others() -> list[str]:
    """Other Pythons of this machine, oldest first."""
    return [
        str(path)
        for version in ("3.9.18", "3.12.1", "3.13.0")
        if (path := _PYENV / version / "bin/python").exists()
    ]


def everybody() -> str:
    """A Python an ordinary user may run, for tests that are run by root; "" when there is none."""
    path = "/usr/bin/python3"
    return path if os.geteuid() == 0 and os.path.exists(path) else ""

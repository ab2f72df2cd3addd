"""Providers that others wrote, fetched from npm and run by Node on loopback."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.npm import packages

HERE = Path(__file__).parent
PACKAGES = ("oidc-provider@9", "oauth2-mock-server@8", "jose@6")


@contextmanager
def running(script: str, argument: Mapping[str, Any]) -> Iterator[str]:
    """The first line that a script prints, while it runs."""
    folder = packages(*PACKAGES)
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

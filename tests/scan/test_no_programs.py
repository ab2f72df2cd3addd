"""On a machine without any program of a server, and nothing on PATH, the same statements are found.

With BUCKLER_EVERYTHING=1 in every application of the corpus that wants a server, else in one of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.app.servers import binaries
from tests.conftest import ROOT
from tests.scan.test_corpus import FOLDERS, need_its_server, wanted_servers, wants_servers

HERE = Path(__file__).parent
COMMON = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")


def folders() -> list[str]:
    """Where distributions put programs, on this machine."""
    places = [place for pattern in binaries.PLACES for place in Path("/").glob(pattern[1:])]
    found = [path.resolve() for path in (*map(Path, COMMON), *places) if path.is_dir()]
    return [str(path) for path in dict.fromkeys(found)]


def statements(folder: Path, *before: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [*before, sys.executable, str(HERE / "statements.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


# MongoDB's shop has the stand-in in any case where its program is missing, as it is on machines of ours.
WANTING = [
    folder
    for folder in FOLDERS
    if wants_servers(folder)
    and "pymongo" not in (folder / "requirements.txt").read_text(encoding="utf-8")
]
ONE_EACH = {wanted_servers(folder): folder for folder in reversed(WANTING)}
CHOSEN = WANTING if os.environ.get("BUCKLER_EVERYTHING") else list(ONE_EACH.values())[-1:]


@pytest.mark.everything
@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in CHOSEN])
def test_the_same_statements_are_found(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may hide the programs of a machine from one scan")
    need_its_server(folder)
    apart = [sys.executable, str(HERE / "apart.py"), "1m", *folders(), "--"]
    without = statements(folder, *apart, PATH="")
    assert without["programs"] == []
    assert without["answered"] == ["stand-in"]
    assert any("is on this machine; its rows may be made up" in why for why in without["gaps"])
    assert not without["failed"]
    assert without["reached"] >= 0.9
    assert without["unmarked"] == []
    served = statements(folder)
    assert served["answered"] == ["scratch"]
    assert served["found"] != []
    assert without["found"] == served["found"]

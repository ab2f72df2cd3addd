"""An update that is killed at each of its steps: the old or the new index is there, whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.advisories.update import update
from tests.scan.packages.osv import archive, record

MOST = 300
"""More points than an update has; the test fails where that is not so."""


def dying(at: int, source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    words = ["advisories", "update", "--from", str(source), "--index", str(target)]
    return subprocess.run(
        [sys.executable, "-m", "tests.scan.packages.dying", str(at), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def told(path: Path) -> tuple[int, list[str]]:
    """What an index says of itself, and what it holds, every row read."""
    with Index(path) as index:
        known = index.known(["shop-labels"])["shop-labels"]
        records = index.records(item.number for item in known)
        return index.about.records, sorted(r.names[0] for r in records.values())


def test_killed_before_and_after_each_step(tmp_path: Path) -> None:
    old = archive(tmp_path / "old.zip", record("OLD-1"))
    new = archive(tmp_path / "new.zip", record("NEW-1"), record("NEW-2"))
    before, after = (1, ["OLD-1"]), (2, ["NEW-1", "NEW-2"])
    seen: list[tuple[int, list[str]]] = []
    for number in range(1, MOST):
        target = tmp_path / f"{number}" / "a.sqlite"
        target.parent.mkdir()
        update(str(old), target)
        ended = dying(number, new, target)
        found = told(target)
        assert found in (before, after), f"killed at point {number}"
        seen.append(found)
        if ended.returncode == 0:
            break
        assert ended.returncode == -9, ended.stderr
        update(str(new), target)
        assert told(target) == after, "whatever was left behind is in nobody's way"
    points = int(ended.stderr.split("points ")[1].split()[0])
    print(f"{points} points, new from point {seen.index(after) + 1} on")
    assert points == number - 1
    assert points > 30
    assert "after replace" in ended.stderr
    switch = seen.index(after)
    assert seen == [before] * switch + [after] * (len(seen) - switch)


def test_killed_where_there_was_none(tmp_path: Path) -> None:
    new = archive(tmp_path / "new.zip", record("NEW-1"))
    for number in (1, 5, 20, 40):
        target = tmp_path / f"{number}" / "deeper" / "a.sqlite"
        ended = dying(number, new, target)
        assert ended.returncode == -9
        assert not target.exists() or told(target) == (1, ["NEW-1"])

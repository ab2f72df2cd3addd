"""How fast source is read: KLOC per CPU second cold, seconds after one edit, peak memory; bandit and ruff beside it.

Whole processes are measured, start included, one tool after the other in each round, on the same
files: Django and SQLAlchemy without their tests.
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from _table import CALIBRATED_MS, calibrate, figure, report

from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".venvs/source"
PACKAGES = ("django", "sqlalchemy")
LEFT_OUT = shutil.ignore_patterns("test", "tests", "testing", "__pycache__", "*.so", "*.mo", "*.po")
ROUNDS = 3


@dataclass(frozen=True)
class Run:
    """One process: CPU seconds, seconds on the clock, peak memory in MB."""

    cpu: float
    wall: float
    peak: float


def run(*command: str | Path) -> Run:
    """Run a program whose exit code says what it found, not whether it worked."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(child.pid, 0)
    child.returncode = 0
    wall = time.perf_counter() - begun
    return Run(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob("*.py"))


def look(folder: Path, kept: Path | None) -> None:
    """What the child does, and leaves behind as the command does."""
    engine = SourceEngine(
        folder, Registry.load("buckler.scan.rules"), lambda event: None, kept=kept
    )
    list(engine.run())
    engine.keep()
    gc.freeze()


def ours(folder: Path, kept: Path | None = None) -> Run:
    return run(sys.executable, __file__, "--look", folder, *([kept] if kept else []))


def edited(folder: Path, kept: Path) -> Run:
    """A run after one of the files got a line."""
    file = max(folder.rglob("*.py"), key=lambda file: file.stat().st_size)
    with file.open("a", encoding="utf-8") as stream:
        stream.write("\n# edited\n")
    return ours(folder, kept)


def middle(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def measured(base: Path) -> None:
    both, one = base / "both", base / "both/sqlalchemy"
    (installed,) = TOOLS.glob("lib/python3*/site-packages")
    for name in PACKAGES:
        shutil.copytree(installed / name, both / name, ignore=LEFT_OUT)
    calibration = calibrate()
    scale = max(calibration / CALIBRATED_MS, 1.0)
    ours(one, base / "kept")
    found: dict[str, list[Run]] = {"buckler": [], "edit": [], "ruff": [], "bandit": []}
    for _ in range(ROUNDS):
        found["buckler"].append(ours(both))
        ruff = ("check", "--isolated", "--no-cache", "--select", "S", both)
        found["ruff"].append(run(TOOLS / "bin/ruff", *ruff))
        found["bandit"].append(run(TOOLS / "bin/bandit", "-q", "-r", both))
        found["edit"].append(edited(one, base / "kept"))
    size, small = lines(both) / 1000, lines(one) / 1000
    speed = {name: size / middle(runs, "cpu") for name, runs in found.items()}
    report(
        [
            figure(
                f"cold, {size:.0f} KLOC", speed["buckler"], "KLOC/s", 60, at_most=False, scale=scale
            ),
            figure(
                f"after one edit, {small:.0f} KLOC",
                middle(found["edit"], "wall"),
                "s",
                max(1.0, small / 180),
                scale=scale,
            ),
            figure("peak memory", middle(found["buckler"], "peak"), "MB", 300),
            figure("bandit, for comparison", speed["bandit"], "KLOC/s", 0, at_most=False),
            figure("ruff --select S, for comparison", speed["ruff"], "KLOC/s", 0, at_most=False),
        ],
        calibration,
    )


def main() -> None:
    if "--look" in sys.argv:
        folder, *kept = sys.argv[sys.argv.index("--look") + 1 :]
        look(Path(folder), Path(kept[0]) if kept else None)
        return
    with tempfile.TemporaryDirectory() as base:
        measured(Path(base))


if __name__ == "__main__":
    main()

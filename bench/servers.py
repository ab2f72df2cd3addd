"""What scratch servers add to a scan, for each application of tests/corpus that wants one."""

from __future__ import annotations

import statistics
from pathlib import Path

from _table import CALIBRATED_MS, Figure, calibrate, figure, report

from buckler.core import settings as settings_file
from buckler.core.report import Report
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.scanner import Scanner, load_rules

ROOT = Path(__file__).parent.parent
ROUNDS = 3
SECONDS = 6
REACHED = 0.9


def scanned(folder: Path) -> Report:
    """The report of a scan without any option."""
    settings = settings_file.load(folder)
    target = discover(str(folder), settings)
    return Scanner(target, settings, Options(), load_rules(settings, folder)).scan()


def figures(folder: Path, scale: float) -> list[Figure]:
    """Seconds that the servers added, the median of the rounds, and the share reached."""
    reports = [scanned(folder) for _ in range(ROUNDS)]
    added = statistics.median(found.timing.get("servers", 0.0) for found in reports)
    reached = min(found.coverage.reached_share for found in reports)
    name = folder.name
    return [
        figure(f"{name}: added by servers", added, "s", SECONDS, scale=scale),
        figure(f"{name}: operations reached", reached, "", REACHED, at_most=False),
    ]


def main() -> None:
    calibration = calibrate()
    scale = max(calibration / CALIBRATED_MS, 1.0)
    folders = sorted(path for path in (ROOT / "tests/corpus/servers").iterdir() if path.is_dir())
    report([one for folder in folders for one in figures(folder, scale)], calibration)


if __name__ == "__main__":
    main()

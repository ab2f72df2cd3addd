"""How long `buckler --help` and `buckler rule INJ001` take from start to end."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from _table import CALIBRATED_MS, calibrate, figure, report

BUCKLER = str(Path(sys.executable).with_name("buckler"))
ROUNDS = 9


def seconds(*arguments: str) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run([BUCKLER, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    calibration = calibrate()
    scale = max(calibration / CALIBRATED_MS, 1.0)
    report(
        [
            figure("buckler --help", seconds("--help"), "s", 0.3, scale=scale),
            figure("buckler rule INJ001", seconds("rule", "INJ001"), "s", 0.3, scale=scale),
        ],
        calibration,
    )


if __name__ == "__main__":
    main()

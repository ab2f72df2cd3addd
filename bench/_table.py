"""What every benchmark shares: a calibration loop, a table for people, JSON for programs."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass

CALIBRATED_MS = 50.0
"""What the calibration loop takes on a quiet machine of the kind the budgets were set on."""


@dataclass(frozen=True)
class Figure:
    """One measured value and its budget.

    ``at_most`` is False where more is better.
    """

    name: str
    value: float
    unit: str
    budget: float
    ok: bool


def calibrate() -> float:
    """Milliseconds of CPU for fixed work in plain Python; the median of five."""
    times = []
    for _ in range(5):
        begun = time.process_time()
        total = 0
        for number in range(600_000):
            total += number * number % 7
        times.append((time.process_time() - begun) * 1000)
    return statistics.median(times)


def figure(
    name: str, value: float, unit: str, budget: float, *, at_most: bool = True, scale: float = 1.0
) -> Figure:
    """A figure against its budget, scaled by how slow the machine is."""
    scaled = budget * scale if at_most else budget / scale
    return Figure(
        name,
        round(value, 3),
        unit,
        round(scaled, 3),
        value <= scaled if at_most else value >= scaled,
    )


def report(figures: list[Figure], calibration_ms: float) -> None:
    """Print the figures and end: 1 where a budget is missed."""
    if "--json" in sys.argv:
        print(
            json.dumps(
                {
                    "figures": [asdict(f) for f in figures],
                    "calibration_ms": round(calibration_ms, 1),
                }
            )
        )
    else:
        print(f"{platform.platform(terse=True)}, Python {platform.python_version()}")
        print(f"calibration {calibration_ms:.1f} ms (budgets were set at {CALIBRATED_MS:g})")
        width = max(len(f.name) for f in figures)
        for f in figures:
            print(
                f"{f.name:<{width}}  {f.value:>10g} {f.unit:<10} budget {f.budget:>8g}  {'ok' if f.ok else 'MISSED'}"
            )
    sys.exit(not all(f.ok for f in figures))

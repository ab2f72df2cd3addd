"""Requests a second into an asynchronous route with every sink watched, and a whole scan."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from _table import CALIBRATED_MS, calibrate, figure, report

from buckler.core import settings as settings_file
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options, Session
from buckler.scan.engines.attack.canaries import prefix_of
from buckler.scan.engines.attack.drafts import benign
from buckler.scan.engines.interface import Slot
from buckler.scan.model.decode import application
from buckler.scan.scanner import Scanner, load_rules

ROOT = Path(__file__).parent.parent
REQUESTS = 6000
ROUNDS = 5
MAIN = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{name}")
async def item(name: str, q: str = "") -> dict[str, str]:
    return {"name": name, "q": q}
"""


def rate() -> float:
    """Median requests a second; each carries a payload, and every answer comes back whole."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.py").write_text(MAIN, encoding="utf-8")
        target = discover(folder, settings_file.Settings())
        prefix = prefix_of(0)
        with Session(target, target.applications[0], prefix, Options()) as session:
            model = application(session.start().model, main=None, public=(), folder=target.folder)
            draft = benign(model.operations[0])
            slot = Slot("query", "q")
            rates = []
            for _ in range(ROUNDS):
                requests = (
                    draft.with_value(slot, f"{prefix}0000'{n}").request() for n in range(REQUESTS)
                )
                begun = time.perf_counter()
                answered = sum(answer.status == 200 for _, answer in session.send_all(requests))
                rates.append(answered / (time.perf_counter() - begun))
            return statistics.median(rates)


def scan_seconds(folder: Path) -> float:
    """Wall time of a whole scan; the median of three."""
    times = []
    for _ in range(3):
        settings = settings_file.load(folder)
        target = discover(str(folder), settings)
        begun = time.perf_counter()
        Scanner(target, settings, Options(), load_rules(settings, folder)).scan()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    calibration = calibrate()
    scale = max(calibration / CALIBRATED_MS, 1.0)
    report(
        [
            figure("requests into an async route", rate(), "1/s", 2000, at_most=False, scale=scale),
            figure(
                "scan of insecure_shop",
                scan_seconds(ROOT / "examples/insecure_shop"),
                "s",
                10,
                scale=scale,
            ),
        ],
        calibration,
    )


if __name__ == "__main__":
    main()

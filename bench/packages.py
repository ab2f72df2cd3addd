"""From a lock file with five hundred pins to a report, beside pip-audit; and what matching alone takes.

Warm: a process that has done it once, as the dashboard's is. As a command: a process of its own, start and imports
included. pip-audit gets the same pins without a network, which is where build machines are: what it says and exits with
is in the table, since a time without an answer is none.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _table import CALIBRATED_MS, Figure, calibrate, figure, report

from buckler.core.registry import Registry
from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.advisories.update import update
from buckler.scan.engines.packages.engine import PackageOptions, PackagesEngine
from buckler.scan.engines.packages.matching import affecting

PINS = 500
ROUNDS = 15
COMMANDS = 5
BUDGETS = {"warm": 150.0, "command": 1000.0, "matching": 5.0, "index": 5.0, "size": 2.0}
DATA = Path(os.environ.get("BUCKLER_DATA", Path(__file__).parents[2] / "shared" / "data"))
ARCHIVE = DATA / "osv-pypi-2024-10-10.zip"
FOREVER = 1e6
"""Days: the archive is dated."""


def lock(index: Path) -> tuple[str, list[tuple[str, str]]]:
    """A uv.lock with five hundred packages, two thirds of them with advisories; each tenth of these is old."""
    with Index(index) as opened:
        names = sorted(_named(opened))
    known = names[:: max(1, len(names) // (PINS * 2 // 3))][: PINS * 2 // 3]
    pins = [(name, "0.0.1" if n % 10 == 0 else "999.0") for n, name in enumerate(known)]
    pins += [(f"unknown-package-{n:03d}", f"1.{n}.0") for n in range(PINS - len(pins))]
    lines = ['version = 1\nrevision = 3\nrequires-python = ">=3.11"\n']
    for number, (name, version) in enumerate(pins):
        brought = [pins[at][0] for at in range(number * 3 + 1, number * 3 + 4) if at < PINS]
        wanted = ", ".join(f'{{ name = "{one}" }}' for one in brought)
        wheels = "".join(
            f'    {{ url = "https://files.example/{name}-{version}-{tag}.whl", hash = "sha256:{number:064x}", '
            "size = 12345 },\n"
            for tag in ("cp311", "cp312", "cp313")
        )
        lines.append(
            f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
            'source = { registry = "https://index.example/simple" }\n'
            f"dependencies = [{wanted}]\nwheels = [\n{wheels}]\n"
        )
    lines.append(
        '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
        f'dependencies = [{{ name = "{pins[0][0]}" }}]\n'
    )
    return "\n".join(lines), pins


def _named(index: Index) -> set[str]:
    import sqlite3

    with sqlite3.connect(f"file:{index.path}?mode=ro", uri=True) as database:
        return {name for (name,) in database.execute("SELECT name FROM package")}


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU of one call, the median of several; the first is not counted."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times) * 1000


def command(*arguments: str, **environment: str) -> tuple[float, int, str]:
    """CPU of a process in milliseconds, what it exited with, and the last line that it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        arguments, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    said = (done.stdout + done.stderr).strip().splitlines()
    return spent * 1000, done.returncode, said[-1] if said else ""


def pip_audit(folder: Path, pins: list[tuple[str, str]]) -> str:
    """What pip-audit does with the same pins where there is no network."""
    program = shutil.which("pip-audit") or str(Path(sys.executable).with_name("pip-audit"))
    if not Path(program).exists():
        return "not installed: pip install -r bench/packages.txt"
    listed = folder / "requirements.txt"
    listed.write_text("".join(f"{name}=={version}\n" for name, version in pins))
    arguments = ["--no-deps", "--disable-pip", "-r", str(listed), "--progress-spinner", "off"]
    alone = ["unshare", "-n"] if os.geteuid() == 0 and shutil.which("unshare") else []
    spent, code, said = command(*alone, program, *arguments, "--timeout", "5")
    return f"{spent:.0f} ms of CPU, exits with {code}: {said[:90]}"


class Beside:
    """Calibrations around each figure: the machine may be slower in one minute than in the next."""

    def __init__(self) -> None:
        self.times = [calibrate()]

    def scale(self) -> float:
        """How slow the machine was since the last one."""
        self.times.append(calibrate())
        return max(1.0, statistics.mean(self.times[-2:]) / CALIBRATED_MS)


def main() -> None:
    if not ARCHIVE.is_file():
        raise SystemExit(f"{ARCHIVE} is not there: set BUCKLER_DATA")
    beside = Beside()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "shop")
        folder.mkdir()
        index = Path(name, "advisories.sqlite")
        begun = time.process_time()
        update(str(ARCHIVE), index)
        took = time.process_time() - begun
        name_ = "index of 2,651 advisories"
        found.append(figure(name_, took, "s", BUDGETS["index"], scale=beside.scale()))
        found.append(figure("its size", index.stat().st_size / 1e6, "MB", BUDGETS["size"]))
        text, pins = lock(index)
        (folder / "uv.lock").write_text(text)
        (folder / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
        rules = [r for r in Registry.load("buckler.scan.rules") if r.id.startswith("PKG")]
        options = PackageOptions(index=index, max_age=FOREVER)

        def scanned() -> int:
            return len(list(PackagesEngine(folder, rules, options).run()))

        def matched() -> int:
            with Index(index) as opened:
                return len(affecting(opened, pins)[1])

        name_ = f"{PINS} pins, lock file to findings, warm"
        took = milliseconds(scanned)
        found.append(figure(name_, took, "ms", BUDGETS["warm"], scale=beside.scale()))
        took = milliseconds(matched)
        budget = BUDGETS["matching"]
        found.append(figure("matching alone", took, "ms", budget, scale=beside.scale()))
        arguments = [sys.executable, "-m", "buckler", "packages", str(folder), "--json"]
        arguments += ["--advisories", str(index), "--max-advisory-age", str(FOREVER)]
        runs = [command(*arguments) for _ in range(COMMANDS)]
        took = statistics.median(r[0] for r in runs)
        found.append(figure("as a command", took, "ms", BUDGETS["command"], scale=beside.scale()))
        if "--json" not in sys.argv:
            print(f"{len(pins)} pins, {matched()} of them vulnerable, {scanned()} findings")
            print(f"pip-audit, without a network: {pip_audit(folder, pins)}")
        else:
            print(json.dumps({"findings": scanned()}), file=sys.stderr)
    report(found, statistics.median(beside.times))


if __name__ == "__main__":
    main()

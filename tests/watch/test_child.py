"""Children with limits: each limit ends one that breaks it, and what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from buckler.watch.errors import ScanFailedError
from buckler.watch.scanning.child import Ended, Limits, StoppedError, run

MIB = 1024**2


def python(code: str, scratch: Path, stop: threading.Event | None = None, **limits: float) -> Ended:
    given = Limits(**{"seconds": 20.0, **limits})  # type: ignore[arg-type]
    return run(
        [sys.executable, "-c", code],
        scratch,
        given,
        env={"PATH": os.environ["PATH"]},
        stop=stop or threading.Event(),
        watched=scratch,
    )


def test_what_it_prints_comes_back(tmp_path: Path) -> None:
    ended = python("import sys; print('out'); sys.stderr.write('err'); sys.exit(4)", tmp_path)
    assert (ended.code, ended.output, ended.errors) == (4, b"out\n", "err")


@pytest.mark.parametrize(
    ("code", "limits", "told"),
    [
        ("import time; time.sleep(60)", {"seconds": 0.5}, "took more than 0.5 s"),
        (
            "x = bytearray(300_000_000); import time; time.sleep(60)",
            {"memory": 100 * MIB},
            "it uses",
        ),
        ("while True: print('x' * 1_000_000)", {"output": 5 * MIB}, "report has more than 5 MiB"),
        (
            "import sys\nwhile True: sys.stderr.write('x' * 1_000_000)",
            {"output": 5 * MIB},
            "messages have more than 5 MiB",
        ),
        (
            "import time\nfor n in range(9): open(f'f{n}', 'wb').write(bytes(3_000_000))\ntime.sleep(60)",
            {"folder": 10 * MIB},
            "folder has more than 10 MiB",
        ),
    ],
)
def test_what_takes_more_is_ended(
    tmp_path: Path, code: str, limits: dict[str, float], told: str
) -> None:
    with pytest.raises(ScanFailedError, match=told):
        python(code, tmp_path, **limits)


def test_a_large_report_is_told_even_of_a_child_that_has_ended(tmp_path: Path) -> None:
    with pytest.raises(ScanFailedError, match="report has more than 1 MiB"):
        python("print('x' * 2_000_000)", tmp_path, output=1 * MIB)


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True); sys.exit(0)"
    )
    grandchild = int(python(code, tmp_path).output)
    assert gone(grandchild)


def test_the_end_of_this_process_ends_it(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(StoppedError):
        python("import time; time.sleep(60)", tmp_path, stop)


def test_a_parent_that_is_killed_takes_it_along(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, threading\n"
        "from buckler.watch.scanning.child import Limits, run\n"
        'child = \'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(60)\'\n'
        f"run([sys.executable, '-c', child], pathlib.Path({str(tmp_path)!r}), Limits(), env={{}}, "
        "stop=threading.Event())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    written = tmp_path / "pid"
    deadline = time.monotonic() + 60
    while not (written.exists() and written.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(int(written.read_text()))


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False

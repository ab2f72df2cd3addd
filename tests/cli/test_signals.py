"""An end from outside: what was started is ended, what was made is removed, and the exit code
is that of the signal and never that of a finding.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BUCKLER = str(Path(sys.executable).with_name("buckler"))
SLOW = """
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/slow")
def slow(q: str = "x") -> str:
    time.sleep(30)
    return q
"""


def children(pid: int) -> list[int]:
    """Processes below this one, as far as they go."""
    found = [pid]
    for current in found:
        try:
            text = Path(f"/proc/{current}/task/{current}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(child) for child in text.split()]
    return found[1:]


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_while_the_application_runs(project, environment, number: int, code: int) -> None:
    folder = project({"main.py": SLOW})
    temporary = Path(environment["TMPDIR"])
    command = [BUCKLER, "scan", str(folder), "--request-timeout", "60"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until(lambda: bool(children(process.pid)) and any(temporary.glob("buckler-*/scratch/home")))
    time.sleep(0.7)
    below = children(process.pid)
    assert below
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []
    until(lambda: not any(_alive(pid) for pid in below))


def test_a_signal_while_two_children_are_attacked(project, environment) -> None:
    """The main thread waits for both halves; they must not go on to their end."""
    routes = "".join(
        f"\n\n@app.get('/r{n}')\ndef r{n}(q: str = 'x', r: str = 'x') -> str:\n"
        "    time.sleep(0.03)\n    open('x' + q, 'w').close()\n    return q\n"
        for n in range(60)
    )
    folder = project({"main.py": SLOW.partition("@app")[0] + routes})
    command = [BUCKLER, "scan", str(folder), "-v"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "attack: 3/60 GET" in line:
                break
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == 143, said
    assert "attack: 59/60" not in said
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


STOP = """
import os, signal, sys


class Stop:
    def find_spec(self, name, *rest):
        if name == "buckler.cli.scan":
            os.kill(os.getpid(), signal.SIGINT)


sys.meta_path.insert(0, Stop())
"""
AGAIN = """

class Last:
    def __del__(self, kill=os.kill, number=int(signal.SIGINT), process=os.getpid()):
        kill(process, number)


last = Last()
"""
"""What goes when Python takes itself down, and has given signals their first meaning back."""


@pytest.mark.parametrize("text", [STOP, STOP + AGAIN], ids=["once", "again-at-the-very-end"])
def test_a_signal_before_anything_runs(text: str, project, environment) -> None:
    """In the first tenths of a second click itself turned Ctrl-C into 1, the code of a finding."""
    folder = project({"main.py": SLOW, "sitecustomize.py": text})
    done = subprocess.run(
        [BUCKLER, "scan", str(folder)],
        env={**environment, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Aborted" in done.stderr) == (130, False)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split(") ")[-1][0] != "Z"
    except OSError:
        return False

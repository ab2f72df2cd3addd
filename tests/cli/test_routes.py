"""``routes``: a path is one word, however narrow the output."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

LONG = "/organisations/{organisation_id}/departments/{department_id}/employees/{employee_id}"
MAIN = f"""
from fastapi import FastAPI

app = FastAPI()


@app.get("{LONG}")
def employee(organisation_id: int, department_id: int, employee_id: int) -> str:
    return "x"
"""


def test_a_path_is_not_broken(run, environment, project) -> None:
    folder = project({"main.py": MAIN})
    environment["COLUMNS"] = "60"
    done = run("routes", str(folder))
    assert LONG in done.stdout
    assert len(done.stdout.splitlines()) == 2
    assert "main.py:8" in done.stdout.splitlines()[1]


def test_nor_in_a_narrow_terminal(environment, project) -> None:
    folder = project({"main.py": MAIN})
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("buckler")), "routes", str(folder)]
    wanted = {**environment, "COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stdin=theirs, env=wanted) as process:
        os.close(theirs)
        said = b""
        try:
            while data := os.read(ours, 4096):
                said += data
        except OSError:
            pass  # the other end is closed
        os.close(ours)
    assert process.returncode == 0
    assert LONG in said.decode()
    assert "organisation_id: integer" in said.decode()

"""``routes``: a path is one word, however narrow the output."""

from __future__ import annotations

import json
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


STATED = """
from fastapi import FastAPI
from buckler.guard import Guard, MemoryStores, public, requires

app = FastAPI()
Guard(app, secret="k7Zq2m9XvB4tR8yLw3nF6sJ1dG5hP0cAeU2iOzQx", database=MemoryStores(), docs="public")


@app.get("/figures", dependencies=[requires("figures:read", recent=300)])
def figures() -> list[int]:
    return [1, 2]


box = FastAPI(openapi_url=None)


@box.post("/notes", dependencies=[public])
def note(text: str = "") -> str:
    return text


app.mount("/open", public(box))
app.mount("/closed", requires("notes:write")(box))
"""


def test_rules_of_guard_are_told_in_words_from_the_outermost_on(run, project) -> None:
    folder = project({"main.py": STATED})
    done = run("routes", str(folder), "--json")
    rows = {f"{row['method']} {row['path']}": row["access"] for row in json.loads(done.stdout)}
    assert rows == {
        "GET /figures": ["figures:read, shown within 300 s"],
        "POST /open/notes": ["public", "public"],
        "POST /closed/notes": ["notes:write", "public", "public"],
        "MOUNT /open": ["public"],
        "MOUNT /closed": ["notes:write", "public"],
    }
    assert "Anybody" not in run("routes", str(folder)).stdout

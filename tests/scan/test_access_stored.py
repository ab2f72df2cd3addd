"""What one operation stores is used by another that takes nothing but its id."""

from __future__ import annotations

MAIN = """\
import subprocess
import urllib.request

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, HttpUrl

app = FastAPI()
JOBS: dict[int, str] = {}
TASKS: dict[int, str] = {}
BELLS: dict[int, str] = {}


class Job(BaseModel):
    command: str = "true"


@app.post("/jobs", status_code=201)
def add(job: Job) -> dict:
    JOBS[len(JOBS) + 1] = job.command
    return {"id": len(JOBS)}


@app.post("/jobs/{job_id}/start")
def start(job_id: int) -> dict:
    if job_id not in JOBS:
        raise HTTPException(404)
    return {"code": subprocess.run("echo " + JOBS[job_id], shell=True).returncode}


@app.post("/tasks", status_code=201)
def plan(job: Job) -> dict:
    TASKS[len(TASKS) + 1] = job.command
    return {"id": len(TASKS)}


@app.post("/tasks/{task_id}/start")
def begin(task_id: int) -> dict:
    if task_id not in TASKS:
        raise HTTPException(404)
    return {"code": subprocess.run(["echo", "--", TASKS[task_id]]).returncode}


class Bell(BaseModel):
    target: HttpUrl


@app.post("/bells", status_code=201)
def hang(bell: Bell) -> dict:
    BELLS[len(BELLS) + 1] = str(bell.target)
    return {"id": len(BELLS)}


@app.post("/bells/{bell_id}/ring")
def ring(bell_id: int) -> dict:
    if bell_id not in BELLS:
        raise HTTPException(404)
    return {"status": urllib.request.urlopen(BELLS[bell_id], timeout=2).status}
"""


def test_an_operation_without_a_body_uses_what_was_stored(project, scan) -> None:
    report = scan(project({"main.py": MAIN}), select=("INJ", "EGR001"))
    assert not report.failed, report.failed
    found = {
        (f.location.operation, f.location.slot) for f in report.findings if f.confidence == "proved"
    }
    assert found == {("POST /jobs", "json:command"), ("POST /bells", "json:target")}

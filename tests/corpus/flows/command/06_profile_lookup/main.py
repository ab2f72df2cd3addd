import subprocess

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from jobs import JOBS

app = FastAPI()


class Job(BaseModel):
    job: str


@app.post("/jobs")
def start(job: Job):
    command = JOBS.get(job.job)
    if command is None:
        raise HTTPException(404, f"no job named {job.job}")
    return {"output": subprocess.check_output(command, shell=True, text=True)}

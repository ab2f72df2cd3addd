import subprocess

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Import(BaseModel):
    url: str
    depth: int = Field(default=1, ge=1)


@app.post("/imports", status_code=202)
def start_import(job: Import):
    subprocess.run(["git", "clone", "--depth", str(job.depth), job.url, "work/tree"], check=True)
    return {"state": "done"}

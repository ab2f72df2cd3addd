import subprocess

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Import(BaseModel):
    url: str


@app.post("/imports", status_code=202)
def start_import(job: Import):
    subprocess.run(["git", "clone", "--depth", "1", "--", job.url, "work/tree"], check=True)
    return {"state": "done"}

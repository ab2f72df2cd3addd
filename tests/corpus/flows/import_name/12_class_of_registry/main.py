from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from exporters import Exporter

app = FastAPI()


class Job(BaseModel):
    exporter: str = "csv"


@app.post("/exporters")
def export(job: Job):
    kind = Exporter.kinds.get(job.exporter)
    if kind is None:
        raise HTTPException(404, "no such exporter")
    return {"made": kind().write()}

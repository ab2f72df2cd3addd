from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from exporters import make

app = FastAPI()


class Job(BaseModel):
    exporter: str = "decimal.Decimal"


@app.post("/exporters")
def export(job: Job):
    try:
        return {"made": type(make(job.exporter)).__name__}
    except (ImportError, AttributeError):
        raise HTTPException(404, "no such exporter") from None

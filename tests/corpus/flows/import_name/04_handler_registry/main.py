from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from handlers import REGISTRY

app = FastAPI()


class Job(BaseModel):
    handler: str


@app.post("/jobs")
def submit(job: Job):
    try:
        handler = REGISTRY[job.handler]
    except KeyError:
        raise HTTPException(404, "no such handler") from None
    return {"result": handler()}

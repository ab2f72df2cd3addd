from fastapi import FastAPI
from pydantic import BaseModel

from worker import Queue

app = FastAPI()
queue = Queue()


class Job(BaseModel):
    handler: str
    arguments: list[str] = []


@app.post("/jobs")
def submit(job: Job):
    queue.put(job)
    return {"result": str(queue.run_next())}

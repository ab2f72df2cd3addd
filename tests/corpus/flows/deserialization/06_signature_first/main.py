import pickle

from fastapi import Depends, FastAPI
from pydantic import BaseModel

from signing import Signer, get_signer

app = FastAPI()


class Job(BaseModel):
    payload: str
    signature: str


@app.post("/jobs")
def enqueue(job: Job, signer: Signer = Depends(get_signer)):
    data = signer.unsign(job.payload, job.signature)
    task = pickle.loads(data)
    return {"task": str(task)}

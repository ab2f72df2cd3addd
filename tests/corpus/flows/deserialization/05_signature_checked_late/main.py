import hashlib
import hmac
import os
import pickle

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
KEY = os.urandom(32)


class Job(BaseModel):
    payload: str
    signature: str


@app.post("/jobs")
def enqueue(job: Job):
    data = bytes.fromhex(job.payload)
    task = pickle.loads(data)
    expected = hmac.new(KEY, data, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, job.signature):
        raise HTTPException(403, "bad signature")
    return {"task": str(task)}

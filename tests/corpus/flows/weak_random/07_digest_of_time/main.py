import hashlib
import random
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
issued: list[str] = []


@app.post("/keys")
async def issue(tasks: BackgroundTasks):
    seed = f"{time.time()}:{random.random()}"
    api_key = hashlib.sha256(seed.encode()).hexdigest()
    tasks.add_task(issued.append, api_key)
    return {"token": api_key}

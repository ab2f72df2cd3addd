from urllib.parse import urljoin

import httpx2
from fastapi import BackgroundTasks, FastAPI

from mirror import fetch

app = FastAPI()
BASE = "https://mirror.example/pub/"


@app.get("/mirror")
async def mirror(path: str, tasks: BackgroundTasks):
    address = urljoin(BASE, path.lstrip())
    tasks.add_task(fetch, address)
    return {"queued": address}

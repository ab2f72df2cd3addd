from urllib.parse import quote, urljoin

from fastapi import BackgroundTasks, FastAPI

from mirror import fetch

app = FastAPI()
BASE = "https://mirror.example/pub/"


@app.get("/mirror")
async def mirror(path: str, tasks: BackgroundTasks):
    address = urljoin(BASE, quote(path, safe=""))
    tasks.add_task(fetch, address)
    return {"queued": address}

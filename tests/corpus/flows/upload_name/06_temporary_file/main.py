import tempfile
from pathlib import Path

from fastapi import FastAPI, UploadFile
from starlette.concurrency import run_in_threadpool

from scanning import count_bytes

app = FastAPI()
Path("uploads").mkdir(exist_ok=True)


@app.post("/scan")
async def scan(document: UploadFile):
    with tempfile.NamedTemporaryFile(dir="uploads", suffix=".bin") as target:
        target.write(await document.read())
        target.flush()
        size = await run_in_threadpool(count_bytes, target.name)
    return {"name": document.filename, "size": size}

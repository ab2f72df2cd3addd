import os

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

app = FastAPI()
FILES = "files"


@app.get("/files/{name:path}")
def download(name: str):
    target = os.path.join(FILES, name)
    if not os.path.isfile(target):
        raise HTTPException(404)
    return FileResponse(target)

from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

app = FastAPI()
FILES = Path("files")


@app.get("/files/{name}")
def read(name: str):
    target = FILES / f"{name}.txt"
    if not target.exists():
        raise HTTPException(404)
    return PlainTextResponse(target.read_text())

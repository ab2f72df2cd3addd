from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from safety import inside

app = FastAPI()
FILES = Path("files").resolve()


@app.get("/files")
def read(name: str):
    try:
        path = inside(FILES, name)
    except PermissionError:
        raise HTTPException(403) from None
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(path)

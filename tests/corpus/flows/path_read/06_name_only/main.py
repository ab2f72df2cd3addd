from pathlib import Path

import aiofiles
from fastapi import FastAPI, HTTPException

app = FastAPI()
BASE = Path("files")


@app.get("/pages")
async def page(page: str):
    path = BASE / Path(page).name
    try:
        async with aiofiles.open(path) as stream:
            return {"text": await stream.read()}
    except (FileNotFoundError, IsADirectoryError):
        raise HTTPException(404) from None

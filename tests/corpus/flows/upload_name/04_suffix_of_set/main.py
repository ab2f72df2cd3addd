import uuid
from pathlib import Path

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()
FOLDER = Path("uploads")
FOLDER.mkdir(exist_ok=True)
SUFFIXES = {".png", ".jpg", ".webp"}


@app.post("/photos")
async def photo(photo: UploadFile):
    suffix = Path(photo.filename or "").suffix.lower()
    if suffix not in SUFFIXES:
        raise HTTPException(415, "only images")
    target = FOLDER / f"{uuid.uuid4()}{suffix}"
    target.write_bytes(await photo.read())
    return {"name": target.name}

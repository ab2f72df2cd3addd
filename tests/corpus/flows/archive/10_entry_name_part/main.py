import io
import zipfile
from pathlib import Path, PurePosixPath

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()
TARGET = Path("uploads")


def flat(name: str) -> Path:
    return TARGET / PurePosixPath(name.replace("\\", "/")).name


@app.post("/imports")
async def imports(bundle: UploadFile):
    TARGET.mkdir(exist_ok=True)
    try:
        with zipfile.ZipFile(io.BytesIO(await bundle.read())) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    flat(entry.filename).write_bytes(archive.read(entry))
    except zipfile.BadZipFile:
        raise HTTPException(400, "not a zip file") from None
    return {"state": "done"}

import os
import shutil

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()
os.makedirs("uploads", exist_ok=True)


@app.post("/avatars")
def avatar(file: UploadFile):
    name = os.path.basename((file.filename or "").replace("\\", "/"))
    if name in ("", ".", ".."):
        raise HTTPException(422, "file has no name")
    path = os.path.join("uploads", name)
    with open(path, "wb") as target:
        shutil.copyfileobj(file.file, target)
    return {"path": path}

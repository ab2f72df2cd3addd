import os
import shutil

from fastapi import FastAPI, UploadFile

app = FastAPI()
os.makedirs("uploads", exist_ok=True)


@app.post("/avatars")
def avatar(file: UploadFile):
    path = os.path.join("uploads", file.filename or "avatar")
    with open(path, "wb") as target:
        shutil.copyfileobj(file.file, target)
    return {"path": path}

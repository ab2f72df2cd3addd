import os
import shutil

from fastapi import FastAPI, Form

app = FastAPI()
os.makedirs("uploads", exist_ok=True)


def _destination(new: str) -> str:
    path = "uploads"
    for part in new.split("/"):
        if part in ("", "."):
            continue
        path += "/"
        path += part
    return path


@app.post("/rename")
def rename(old: str = Form(), new: str = Form()):
    source = os.path.join("uploads", os.path.basename(old))
    if not os.path.exists(source):
        with open(source, "w") as stream:
            stream.write("empty")
    shutil.move(source, _destination(new.lstrip(".")))
    return {"renamed": True}

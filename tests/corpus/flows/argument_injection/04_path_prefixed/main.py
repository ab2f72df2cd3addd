import subprocess
from pathlib import PurePosixPath

from fastapi import FastAPI

app = FastAPI()
MEDIA = PurePosixPath("/srv/media")


@app.get("/identify/{name}")
def identify(name: str):
    target = MEDIA / "images" / name
    found = subprocess.check_output(["identify", str(target)], text=True)
    return {"kind": found.strip()}

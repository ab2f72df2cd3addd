import os
import subprocess

from fastapi import FastAPI

import settings

app = FastAPI()
TRACE = False


@app.get("/convert")
def convert(name: str):
    if TRACE:
        os.system("echo converting " + name)
    done = subprocess.run(["convert", "--", name, "out.webp"], check=False)
    return {"code": done.returncode, "quality": settings.QUALITY}

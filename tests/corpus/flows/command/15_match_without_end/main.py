import re
import subprocess

from fastapi import FastAPI, HTTPException

app = FastAPI()


def usage(device: str) -> str:
    command = ["df", "-h", "/dev/" + device]
    return subprocess.run(" ".join(command), shell=True, capture_output=True, text=True).stdout


@app.get("/mounts")
async def mounts(device: str):
    if not re.match(r"sd[a-z]\d", device):
        raise HTTPException(400, "not a device")
    return {"usage": usage(device)}

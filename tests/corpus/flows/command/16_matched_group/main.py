import re
import subprocess

from fastapi import FastAPI, HTTPException

app = FastAPI()


def usage(disk: str, part: str) -> str:
    command = ["df", "-h", f"/dev/{disk}{part}"]
    return subprocess.run(" ".join(command), shell=True, capture_output=True, text=True).stdout


@app.get("/mounts")
async def mounts(device: str):
    found = re.match(r"(sd[a-z])(\d)", device)
    if found is None:
        raise HTTPException(400, "not a device")
    disk, part = found.groups()
    return {"usage": usage(disk, part)}

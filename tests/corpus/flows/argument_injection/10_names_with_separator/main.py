import asyncio
import subprocess

from fastapi import FastAPI

app = FastAPI()


def make_bundle(names: list[str]) -> int:
    command = ["tar", "-czf", "bundle.tgz", "--"]
    for name in names:
        command.append(name)
    return subprocess.call(command)


@app.post("/bundles", status_code=202)
async def bundle(names: list[str]):
    code = await asyncio.to_thread(make_bundle, names)
    return {"code": code}

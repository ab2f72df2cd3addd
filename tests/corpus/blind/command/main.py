import asyncio
import os
import re
import subprocess
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

from fastapi import (
    BackgroundTasks,
    FastAPI,
    File,
    Form,
    HTTPException,
    Query,
    UploadFile,
)
from pydantic import BaseModel, Field, field_validator

from shell import capture, describe

HERE = Path(__file__).parent
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?")
sh = partial(subprocess.run, capture_output=True, text=True, timeout=10)
app = FastAPI(title="Media desk")


class Options(BaseModel):
    label: str = Field(default="nightly", max_length=500)
    priority: int = Field(default=1, ge=1, le=5)

    @field_validator("label")
    @classmethod
    def tidy(cls, value: str) -> str:
        return " ".join(value.lower().split())


class Job(BaseModel):
    kind: Literal["encode", "index"] = "encode"
    options: Options = Options()


@app.get("/disk")
def disk_usage(folder: str = "media"):
    done = sh(f"du -s {folder}", shell=True, cwd=HERE)
    return {"folder": folder, "answer": done.stdout}


@app.get("/disk/files")
def count_files(folder: str = "media"):
    done = sh(f"ls -1 -- {quote(folder)} | wc -l", shell=True, cwd=HERE)
    return {"folder": folder, "files": done.stdout.strip()}


@app.post("/jobs", status_code=202)
def start_job(job: Job, tasks: BackgroundTasks):
    tasks.add_task(os.system, "echo " + job.kind + " " + job.options.label + " > /dev/null")
    return {"accepted": job.kind}


@app.post("/jobs/preview", status_code=202)
def preview_job(job: Job, tasks: BackgroundTasks):
    tasks.add_task(sh, ["echo", job.kind, "label:" + job.options.label])
    return {"accepted": job.kind}


@app.get("/hosts/{name}")
async def host_record(name: str):
    proc = await asyncio.create_subprocess_shell(
        "echo record for %s" % name.strip(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await proc.communicate()
    return {"record": out.decode(errors="replace")}


@app.get("/hosts/{name}/alias")
async def host_alias(name: Annotated[str, "dns name"]):
    if not HOST.fullmatch(name):
        raise HTTPException(422, "not a host name")
    proc = await asyncio.create_subprocess_shell(
        f"echo alias of {name}", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await proc.communicate()
    return {"alias": out.decode()}


@app.post("/uploads")
async def receive(clip: Annotated[UploadFile, File()]):
    size = len(await clip.read(1_000_000))
    return {"size": size, "about": describe(clip.filename or "clip")}


@app.post("/uploads/checksum")
async def checksum(clip: Annotated[UploadFile, File()]):
    proc = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        'printf "%s " "$1"; cksum',
        "sh",
        clip.filename or "clip",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await proc.communicate(await clip.read(1_000_000))
    return {"line": out.decode(errors="replace")}


@app.post("/captions")
def caption_words(text: Annotated[str, Form(max_length=400)], lang: Annotated[str, Form()] = "en"):
    return {"lang": lang, "words": capture("wc -w", text)}


@app.get("/formats")
def formats(kind: Annotated[Literal["audio", "video"], Query()] = "audio", order: str = "name"):
    flag = {"name": "", "reverse": "-r"}.get(order, "")
    done = sh(f"printf 'b-{kind}\\na-{kind}\\n' | sort {flag}", shell=True)
    return {"formats": done.stdout.split()}

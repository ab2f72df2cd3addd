import asyncio
import os
import shlex
import subprocess
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Query
from pydantic import BaseModel, Field

DOCS = Path(__file__).with_name("docs")
app = FastAPI(title="Document search")


run = partial(subprocess.run, cwd=DOCS, stdout=subprocess.PIPE, text=True, timeout=10)


class Pack(BaseModel):
    title: str = "bundle"
    names: list[str] = Field(examples=[["intro.txt"]], max_length=20)


class Sorting:
    def __init__(self, name: str = "intro.txt", reverse: bool = False):
        self.argv = ["sort"]
        if reverse:
            self.argv.append("-r")
        self.argv.append(name)


def plain(value: str) -> str:
    if value.startswith("-"):
        raise HTTPException(422, "a name does not start with a dash")
    return value


def member(name: Annotated[str, Query()] = "intro.txt") -> str:
    return plain(os.path.basename(name)) or "intro.txt"


@app.get("/search")
def search(term: Annotated[str, Query(min_length=1)] = "chapter"):
    return {"lines": run(["grep", "-rn", term, "."]).stdout.splitlines()}


@app.get("/search/exact")
def search_exact(term: Annotated[str, Query(min_length=1)] = "chapter"):
    return {"lines": run(["grep", "-rnF", "-e", term, "--", "."]).stdout.splitlines()}


@app.get("/sorted")
def sorted_lines(order: Annotated[Sorting, Depends()]):
    return {"lines": run(order.argv).stdout.splitlines()}


@app.get("/first")
def first_lines(name: Annotated[str, Depends(member)], lines: int = Query(3, ge=1, le=50)):
    return {"lines": run(["head", "-n", str(lines), name]).stdout.splitlines()}


@app.post("/packs")
def pack(order: Pack):
    names = [name.strip() for name in order.names]
    done = subprocess.run(["tar", "-cf", "/dev/null", *names], cwd=DOCS, timeout=10)
    return {"title": order.title, "ok": done.returncode == 0}


@app.post("/packs/listing")
def pack_listing(order: Pack):
    names = [name.strip() for name in order.names]
    command = ["ls", "-1", "--"]
    command.extend(names)
    return {"title": order.title, "found": run(command).stdout.splitlines()}


@app.get("/find")
async def find_files(x_match: Annotated[str, Header()] = "*.txt"):
    argv = shlex.split(f"find . -name {x_match}")
    proc = await asyncio.create_subprocess_exec(*argv, cwd=DOCS, stdout=asyncio.subprocess.PIPE)
    out, _ = await proc.communicate()
    return {"files": out.decode().split()}


@app.get("/find/newer")
async def find_newer(x_match: Annotated[str, Header()] = "*.txt"):
    argv = ["find", ".", "-name", x_match]
    proc = await asyncio.create_subprocess_exec(*argv, cwd=DOCS, stdout=asyncio.subprocess.PIPE)
    out, _ = await proc.communicate()
    return {"files": out.decode().split()}


@app.post("/dates")
async def read_date(when: Annotated[str, Form()] = "tomorrow"):
    proc = await asyncio.create_subprocess_exec(
        "date", "+%F", *when.split(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await proc.communicate()
    return {"date": out.decode(errors="replace").strip()}


@app.post("/dates/iso")
async def read_iso_date(when: Annotated[str, Form()] = "tomorrow"):
    proc = await asyncio.create_subprocess_exec(
        "date", "+%F", f"--date={when}", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await proc.communicate()
    return {"date": out.decode(errors="replace").strip()}


@app.get("/revisions/{revision}")
def revision_files(revision: UUID):
    return {"lines": run(["ls", str(revision)]).stdout.splitlines()}

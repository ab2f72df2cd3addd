import csv
import hashlib
import io
import os
import re
import shutil
import uuid
import zipfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, Header, HTTPException
from fastapi import Query, Request, UploadFile
from pydantic import BaseModel, Field

import archive

BOX = Path(__file__).resolve().parent / "box"
KINDS = {".png", ".txt", ".pdf"}


@asynccontextmanager
async def lifespan(_: FastAPI):
    for part in ("uploads", "notes", "drafts", "devices", "unpacked"):
        (BOX / part).mkdir(parents=True, exist_ok=True)
    (BOX / "drafts" / "first.txt").write_text("draft")
    yield
    shutil.rmtree(BOX, ignore_errors=True)


app = FastAPI(title="Drop box", lifespan=lifespan)


class Target(BaseModel):
    folder: str = Field(default="monthly", max_length=300)
    title: str = "report"


class Export(BaseModel):
    rows: list[list[int]] = [[1, 2]]
    target: Target = Target()


def box() -> Path:
    return BOX


Base = Annotated[Path, Depends(box)]


def touch(file: Path, text: str) -> None:
    with open(file, "a", encoding="utf-8") as handle:
        handle.write(text + "\n")


@app.post("/files", status_code=201)
async def add_file(base: Base, upload: Annotated[UploadFile, File()]):
    content = await upload.read(1_000_000)
    with open(f"{base}/uploads/{upload.filename}", "wb") as out:
        out.write(content)
    return {"stored": upload.filename}


@app.post("/pictures", status_code=201)
async def add_picture(base: Base, upload: Annotated[UploadFile, File()]):
    suffix = os.path.splitext(upload.filename or "")[1].lower()
    name = uuid.uuid4().hex + (suffix if suffix in KINDS else ".bin")
    with open(f"{base}/uploads/{name}", "wb") as out:
        out.write(await upload.read(1_000_000))
    return {"stored": name, "original": upload.filename}


@app.put("/notes/{name:path}")
async def put_note(name: str, request: Request, base: Base):
    body = await request.body()
    (base / "notes" / name.strip()).write_bytes(body[:10_000])
    return {"bytes": len(body)}


@app.put("/memos/{name:path}")
async def put_memo(name: str, request: Request, base: Base):
    home = base / "notes"
    target = (home / name.strip()).resolve()
    if target == home or not target.is_relative_to(home):
        raise HTTPException(400, "outside of the memo folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    body = await request.body()
    target.write_bytes(body[:10_000])
    return {"bytes": len(body)}


@app.post("/exports", status_code=201)
def export(order: Export, base: Base):
    folder = os.path.join(base, "exports", order.target.folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "rows.csv"), "w", newline="") as out:
        csv.writer(out).writerows(order.rows)
    return {"rows": len(order.rows)}


@app.post("/exports/titled", status_code=201)
def titled_export(order: Export, base: Base):
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", order.target.title)[:60] or "report"
    with open(os.path.join(base, "uploads", name + ".csv"), "w", newline="") as out:
        csv.writer(out).writerows(order.rows)
    return {"rows": len(order.rows), "file": name}


@app.post("/archives", status_code=201)
async def unpack(base: Base, bundle: Annotated[UploadFile, File()]):
    data = io.BytesIO(await bundle.read(1_000_000))
    if not zipfile.is_zipfile(data):
        return {"members": []}
    return {"members": archive.spread(data, base / "unpacked")}


@app.post("/archives/whole", status_code=201)
async def unpack_whole(base: Base, bundle: Annotated[UploadFile, File()]):
    data = io.BytesIO(await bundle.read(1_000_000))
    if not zipfile.is_zipfile(data):
        return {"members": []}
    with zipfile.ZipFile(data) as packed:
        packed.extractall(base / "unpacked")
        return {"members": packed.namelist()}


@app.delete("/drafts")
def drop_draft(base: Base, name: Annotated[str, Query(min_length=1)] = "first.txt"):
    draft = base.joinpath("drafts", name)
    if not draft.is_file():
        return {"dropped": False}
    os.remove(draft)
    return {"dropped": True}


@app.post("/drafts", status_code=201)
def keep_draft(base: Base, text: Annotated[str, Form()], name: Annotated[str, Form()] = "one"):
    key = hashlib.sha256(name.encode()).hexdigest()
    touch(base / "drafts" / f"{key}.txt", text)
    return {"key": key}


@app.post("/beats", status_code=202)
def beat(base: Base, tasks: BackgroundTasks, x_device: Annotated[str, Header()] = "desk"):
    leaf = Path(x_device).name
    tasks.add_task(touch, base / "devices" / f"{leaf}.log", "seen")
    return {"device": leaf}

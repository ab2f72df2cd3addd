import hashlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import (
    Body,
    Depends,
    FastAPI,
    File,
    HTTPException,
    Query,
    Request,
    UploadFile,
)
from pydantic import BaseModel, Field

MEASURES = [{"id": n, "value": n % 17} for n in range(5_000)]
CAP = 200_000
remarks: list[str] = []
labels: deque[str] = deque(maxlen=100)
app = FastAPI(title="Meter readings")
RAW = {"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


class Batch(BaseModel):
    source: str = Field(default="roof", max_length=40)
    values: list[float] = [1.0, 2.0]


class SmallBatch(BaseModel):
    source: str = Field(default="roof", max_length=40)
    values: list[float] = Field(default=[1.0, 2.0], max_length=500)


class Window:
    def __init__(self, offset: int = 0, size: int = 50):
        self.rows = MEASURES[max(offset, 0) :][: max(size, 0)]


class Slice:
    def __init__(self, offset: Annotated[int, Query(ge=0)] = 0, size: int = 50):
        size = min(max(size, 1), 200)
        self.rows = MEASURES[offset : offset + size]


async def collected(request: Request) -> bytes:
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > CAP:
            raise HTTPException(413, "too large")
    return bytes(kept)


async def pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    seen = 0
    while piece := await upload.read(16_384):
        seen += len(piece)
        if seen > CAP:
            raise HTTPException(413, "too large")
        yield piece


@app.get("/readings")
def readings(window: Annotated[Window, Depends()]):
    return window.rows


@app.get("/readings/slice")
def readings_slice(part: Annotated[Slice, Depends()]):
    return part.rows


@app.get("/readings/latest")
def latest(count: Annotated[int, Query(ge=1, le=100)] = 10):
    return MEASURES[-count:]


@app.post("/batches")
def add_batch(batch: Batch):
    return {"source": batch.source, "sum": sum(batch.values)}


@app.post("/batches/small")
def add_small_batch(batch: SmallBatch):
    return {"source": batch.source, "sum": sum(batch.values)}


@app.post("/dumps", openapi_extra=RAW)
async def add_dump(request: Request):
    content = await request.body()
    return {"digest": hashlib.sha256(content).hexdigest()}


@app.post("/dumps/hourly", openapi_extra=RAW)
async def add_hourly_dump(content: Annotated[bytes, Depends(collected)]):
    return {"digest": hashlib.sha256(content).hexdigest()}


@app.post("/files")
async def add_file(upload: Annotated[UploadFile, File()]):
    content = await upload.read()
    return {"name": upload.filename, "lines": content.count(b"\n")}


@app.post("/files/pieces")
async def add_file_pieces(upload: Annotated[UploadFile, File()]):
    lines = 0
    async for piece in pieces(upload):
        lines += piece.count(b"\n")
    return {"name": upload.filename, "lines": lines}


@app.post("/remarks")
def add_remark(remark: Annotated[str, Body(embed=True)]):
    remarks.append(remark)
    return {"remarks": len(remarks)}


@app.post("/labels")
def add_label(label: Annotated[str, Body(embed=True, max_length=80)]):
    labels.append(label)
    return {"labels": len(labels)}


@app.get("/outlook/{days}")
def outlook(days: int):
    if not 0 < days <= 31:
        raise HTTPException(422, "1 to 31 days")
    return {"outlook": [round(20 + day % 5 * 0.5, 1) for day in range(days)]}

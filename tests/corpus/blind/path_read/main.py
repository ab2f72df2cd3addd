import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from fastapi import Cookie, Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import BaseModel, Field

import shelf

ROOT = Path(__file__).resolve().parent
PAGES = ROOT / "pages"
THEMES = str(ROOT / "themes")
SLUG = re.compile(r"[a-z0-9-]{1,40}")

app = FastAPI(title="Handbook")


class Download(str, Enum):
    faq = "faq.txt"
    welcome = "welcome.md"


class Document(BaseModel):
    name: str = Field(examples=["faq.txt"])
    copies: int = 1


class Bundle(BaseModel):
    title: str = "handout"
    documents: list[Document]


class Theme:
    def __init__(self, theme: Annotated[str, Cookie()] = "light.css"):
        self.file = os.path.normpath(os.path.join(THEMES, theme))
        if not self.file.startswith(THEMES):
            raise HTTPException(404)


def page_name(name: str = "faq.txt") -> str:
    return name.replace("../", "").lstrip("/")


@app.get("/pages/{name:path}")
def page(name: str = "welcome.md"):
    target = PAGES / name
    if not target.is_file():
        return PlainTextResponse("no such page yet")
    return FileResponse(target)


@app.get("/articles/{name:path}")
def article(name: str):
    target = (PAGES / name).resolve()
    if not target.is_relative_to(PAGES) or not target.is_file():
        return PlainTextResponse("no such article yet")
    return FileResponse(target)


@app.get("/notes")
def note(name: Annotated[str, Depends(page_name)]):
    try:
        with open(os.path.join(PAGES, name), encoding="utf-8") as handle:
            return {"text": handle.read()}
    except OSError:
        return {"text": ""}


@app.get("/notes/plain")
def plain_note(name: str = "faq.txt"):
    leaf = os.path.basename(name.replace("\\", "/"))
    try:
        with open(os.path.join(PAGES, leaf or "faq.txt"), encoding="utf-8") as handle:
            return {"text": handle.read()}
    except OSError:
        return {"text": ""}


@app.post("/bundles")
async def bundle(order: Bundle):
    return {d.name: shelf.fetch(PAGES, d.name) * d.copies for d in order.documents}


@app.post("/bundles/indexed")
async def indexed_bundle(order: Bundle):
    index = shelf.index(PAGES)
    return {d.name: shelf.size(index.get(d.name)) for d in order.documents}


@app.get("/theme")
def theme(chosen: Annotated[Theme, Depends()]):
    if not os.path.isfile(chosen.file):
        return PlainTextResponse("", media_type="text/css")
    with open(chosen.file, "rb") as handle:
        return PlainTextResponse(handle.read(), media_type="text/css")


@app.get("/export", openapi_extra={"parameters": [{"name": "doc", "in": "query"}]})
async def export(request: Request):
    raw = request.query_params.get("doc", "faq.txt")
    if "/" in raw or ".." in raw:
        raise HTTPException(400, "one document of this shelf, please")
    try:
        return {"doc": raw, "text": shelf.read(f"{PAGES}/{unquote(raw)}")}
    except OSError:
        return {"doc": raw, "text": ""}


@app.get("/chapters/{number}")
def chapter(number: int):
    name = f"{number:04d}.txt"
    if not os.path.exists(PAGES / name):
        return {"text": None}
    with open(PAGES / name) as handle:
        return {"text": handle.read()}


@app.get("/downloads/{what}")
def download(what: Download):
    return FileResponse(PAGES / what.value, filename=what.value)


@app.get("/help/{topic}")
def help_topic(topic: str):
    if SLUG.fullmatch(topic) is None:
        raise HTTPException(404)
    try:
        return {"help": (PAGES / (topic + ".md")).read_text()}
    except FileNotFoundError:
        return {"help": ""}

from functools import lru_cache
from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

import adapters
from identity import Issuer, Needs, User, current, directory, reader
from ports import Converter, Fetcher, Renderer, Store

app = FastAPI(title="Press")
paused: set[str] = set()


@lru_cache
def desk_store() -> Store:
    return adapters.FolderStore(adapters.ARTICLES)


@lru_cache
def archive_store() -> Store:
    return adapters.ArchiveStore(adapters.ARTICLES)


def folder() -> Converter:
    return adapters.Folder("fold -w")


def translator() -> Converter:
    return adapters.Translator("tr")


Me = Annotated[User, Depends(current)]
Reader = Annotated[User, Depends(reader)]
Shelf = Annotated[Store, Depends(desk_store)]
Folding = Annotated[Converter, Depends(folder)]
Letters = Annotated[Converter, Depends(translator)]
Web = Annotated[Fetcher, Depends(adapters.WebFetcher)]
Wire = Annotated[Fetcher, Depends(adapters.WireFetcher)]
Sheets = Annotated[Renderer, Depends(adapters.SheetRenderer)]
Named = Annotated[Renderer, Depends(adapters.NamedRenderer)]


class SignIn(BaseModel):
    name: str
    password: str


class Conversion(BaseModel):
    text: str = Field(default="some words to fold", max_length=2000)
    style: str = Field(default="20", max_length=100)


class Sheet(BaseModel):
    layout: str = Field(default="short", max_length=300)
    title: str = "Fair"


@app.post("/login")
def login(given: SignIn, tokens: Issuer):
    user = directory.check(given.name, given.password)
    if user is None:
        raise HTTPException(400, "wrong name or password")
    return {"token": tokens.issue(user)}


@app.get("/articles")
def article(me: Me, shelf: Shelf, name: str = "fair.txt"):
    return {"text": shelf.read(name)}


@app.get("/articles/archived")
def archived_article(
    me: Me, shelf: Annotated[Store, Depends(archive_store)], name: str = "fair.txt"
):
    return {"text": shelf.read(name)}


@app.post("/fold")
async def fold(me: Me, tool: Folding, order: Conversion):
    return {"text": await tool.convert(order.text, order.style)}


@app.post("/letters")
async def letters(me: Me, tool: Letters, order: Conversion):
    return {"text": await tool.convert(order.text, order.style)}


@app.get("/agency")
def agency(
    me: Me,
    web: Web,
    address: Annotated[str, Query(examples=["http://wire.northwind.example/a"])],
):
    return {"bytes": web.fetch(address)}


@app.get("/wire")
def wire(
    me: Me,
    web: Wire,
    address: Annotated[str, Query(examples=["http://wire.northwind.example/a"])],
):
    return {"bytes": web.fetch(address)}


@app.post("/sheets")
def sheet(me: Me, view: Sheets, order: Sheet):
    return {"html": view.render(order.layout, title=order.title)}


@app.post("/sheets/named")
def named_sheet(me: Me, view: Named, order: Sheet):
    return {"html": view.render(order.layout, title=order.title, lead="")}


@app.get("/desk")
def desk(me: Reader):
    return {"name": me.name, "paused": me.name in paused}


@app.get("/me")
def myself(me: Me):
    return {"name": me.name, "role": me.role}


@app.post("/admin/pause")
def pause(me: Me, name: Annotated[str, Body(embed=True, max_length=40)]):
    paused.add(name)
    return {"paused": sorted(paused), "by": me.name}


@app.post("/admin/resume")
def resume(
    boss: Annotated[User, Depends(Needs("admin"))],
    name: Annotated[str, Body(embed=True, max_length=40)],
):
    paused.discard(name)
    return {"paused": sorted(paused), "by": boss.name}

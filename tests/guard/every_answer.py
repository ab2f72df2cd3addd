"""An application with every kind of answer. Tests copy it into a project, bare or with a line of guard below it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

from buckler.guard import csp_nonce, with_policy

HERE = Path(__file__).parent
templates = Jinja2Templates(directory=HERE / "templates")
app = FastAPI()
inner = FastAPI()


class Item(BaseModel):
    name: str
    price: int


def bearer(found: Annotated[object, Depends(HTTPBearer())]) -> str:
    if getattr(found, "credentials", "") != "alice-token-1":
        raise HTTPException(401, "Sign in first")
    return "alice"


def key(found: Annotated[str, Depends(APIKeyHeader(name="X-Shop"))]) -> str:
    if found != "carol-key-1":
        raise HTTPException(401, "Sign in first")
    return "carol"


def own_key(x_key: Annotated[str, Header()] = "") -> str:
    if x_key != "dave-key-1":
        raise HTTPException(401, "Sign in first")
    return "dave"


@app.get("/items/{number}")
async def item(number: int) -> dict[str, int]:
    return {"number": number}


@app.post("/items")
async def add(item: Item) -> Item:
    return item


@app.get("/page", response_class=HTMLResponse)
async def page() -> str:
    return "<!doctype html><title>Page</title><h1>Page</h1>"


@app.get("/template", response_class=HTMLResponse)
async def template(request: Request) -> Response:
    return templates.TemplateResponse(request, "page.html", {"nonce": csp_nonce(request)})


@app.get("/old")
async def old() -> RedirectResponse:
    return RedirectResponse("/page")


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("it broke")


@app.get("/members")
async def members() -> None:
    raise HTTPException(403, "Members only")


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        for part in ("one", "two"):
            yield part

    return StreamingResponse(parts(), media_type="text/plain")


@app.get("/file")
async def file() -> FileResponse:
    return FileResponse(HERE / "files" / "a.css")


@app.get("/nothing", status_code=204)
async def nothing() -> None:
    return None


@app.get("/text")
async def text() -> PlainTextResponse:
    return PlainTextResponse("text")


@app.post("/session")
async def session(response: Response) -> dict[str, str]:
    response.set_cookie("session", "5f0c9a71", samesite=None)
    return {}


@app.get("/me")
async def me(name: Annotated[str, Depends(bearer)]) -> dict[str, str]:
    return {"name": name}


@app.get("/me/by-key")
async def me_by_key(name: Annotated[str, Depends(key)]) -> dict[str, str]:
    return {"name": name}


@app.get("/me/by-own-key")
async def me_by_own_key(name: Annotated[str, Depends(own_key)]) -> dict[str, str]:
    return {"name": name}


@app.get("/seldom")
@with_policy(rate="1/hour")
async def seldom() -> dict[str, str]:
    return {}


@inner.get("/x")
async def inside() -> dict[str, str]:
    return {"inside": "x"}


@inner.get("/fails")
async def inside_fails() -> None:
    raise RuntimeError("it broke inside")


app.mount("/inner", inner)
app.mount("/static", StaticFiles(directory=HERE / "files"), name="static")

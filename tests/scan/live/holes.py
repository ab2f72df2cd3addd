"""An application with a hole for everything that the live engine can see from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from pydantic import BaseModel

sent: list[str] = []
app = FastAPI(title="Holes")


@app.middleware("http")
async def remember(request: Request, call_next):
    sent.append(f"{request.method} {request.url.path}")
    response = await call_next(request)
    origin = request.headers.get("origin")
    if origin and origin != "null":
        response.headers["access-control-allow-origin"] = origin
        response.headers["access-control-allow-credentials"] = "true"
    return response


class Account(BaseModel):
    name: str
    password: str


@app.get("/", response_class=HTMLResponse)
def start() -> HTMLResponse:
    page = "<title>Holes</title><a href='/hello?name=you'>hello</a><a href='/log-out'>out</a>"
    page += "<a href='https://elsewhere.example/'>away</a><script src='/static/app.js'></script>"
    made = HTMLResponse(page)
    made.set_cookie("session", "4f1c9a7be2d85630", httponly=False)
    return made


@app.get("/static/app.js")
def script() -> PlainTextResponse:
    return PlainTextResponse("0", media_type="text/javascript")


@app.get("/hello", response_class=HTMLResponse)
def hello(name: str = "you") -> HTMLResponse:
    return HTMLResponse(f"<p>hello {name}</p>")


@app.get("/go")
def go(next: str = "/") -> RedirectResponse:
    return RedirectResponse(next, 303)


@app.get("/goods")
def goods(q: str = "a") -> list[str]:
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            return [row[0] for row in database.execute(f"SELECT '{q}'")]
        except sqlite3.Error as error:
            detail = f"sqlite3.{type(error).__name__}: {error}"
            raise HTTPException(500, detail) from error


@app.get("/read")
def read(file: str = "README") -> PlainTextResponse:
    path = Path("/srv/no-such-folder") / file
    if path.resolve() == Path("/etc/passwd") or str(path) == "/etc/passwd":
        return PlainTextResponse("root:x:0:0:root:/root:/bin/sh\n")
    return PlainTextResponse("nothing")


@app.get("/invite")
def invite(request: Request) -> dict[str, str]:
    return {"link": f"{request.base_url}join?token=1"}


@app.get("/me")
def me(authorization: Annotated[str | None, Header()] = None) -> Response:
    if authorization != "Bearer of-alice":
        return Response(status_code=401)
    return Response('{"name": "Alice"}', media_type="application/json")


@app.get("/customers")
def customers() -> list[dict[str, str]]:
    return [
        {"email": "ada@example.org", "phone": "+12025550101"},
        {"email": "bob@example.org", "phone": "+12025550102"},
    ]


@app.post("/accounts")
def sign_up(account: Account) -> str:
    raise AssertionError("nothing that the schema takes is sent without --writes")


@app.delete("/goods")
def clear() -> None:
    raise AssertionError("nothing is deleted")


@app.get("/log-out")
def leave() -> None:
    raise AssertionError("nobody is signed out")


@app.get("/.git/HEAD", include_in_schema=False)
def head() -> PlainTextResponse:
    return PlainTextResponse("ref: refs/heads/main\n")


@app.get("/.env", include_in_schema=False)
def env() -> PlainTextResponse:
    return PlainTextResponse("# of the shop\nDB_PASSWORD=correct-horse-battery\nDEBUG=1\n")

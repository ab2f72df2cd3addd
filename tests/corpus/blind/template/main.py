import string
from pathlib import Path
from typing import Annotated, Literal

import jinja2
from fastapi import (
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Request,
    UploadFile,
)
from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, Field

import letters

PAGES = Path(__file__).with_name("pages")
app = FastAPI(title="Mail merge")
views = Jinja2Templates(directory=PAGES)
drafting = SandboxedEnvironment(autoescape=True)
drafts: dict[int, str] = {1: "Dear {{ name }}"}


class Style(BaseModel):
    greeting: str = Field(default="Dear", max_length=200)
    signature: str = Field(default="The team", max_length=200)


class Letter(BaseModel):
    name: str = "Ada"
    style: Style = Style()


class Draft(BaseModel):
    number: int = Field(default=1, ge=1, le=50)
    text: str = Field(examples=["Dear {{ name }}"], max_length=500)


def locale(accept_language: Annotated[str, Header()] = "en") -> str:
    return accept_language.split(",")[0].strip()


@app.get("/greeting")
def greeting(pattern: str = "Hello {{ name }}", name: str = "Ada"):
    try:
        return {"text": jinja2.Template(pattern).render(name=name)}
    except jinja2.TemplateError:
        raise HTTPException(422, "pattern is not valid") from None


@app.get("/greeting/dollar")
def dollar_greeting(pattern: str = "Hello $name", name: str = "Ada"):
    return {"text": string.Template(pattern).safe_substitute(name=name)}


@app.post("/letters")
def letter(letter: Letter):
    return {"text": letters.compose(letter.style.greeting, letter.name)}


@app.post("/letters/signed")
def signed_letter(letter: Letter):
    return {"text": letters.sign(letter.name, letter.style.signature)}


@app.put("/drafts")
def keep_draft(draft: Draft):
    drafts[draft.number] = draft.text
    return {"number": draft.number}


@app.get("/drafts/{number}")
def show_draft(number: int, name: str = "Ada"):
    text = drafts.get(number)
    if text is None:
        raise HTTPException(404)
    loader = jinja2.DictLoader({"draft.html": text})
    env = jinja2.Environment(loader=loader, autoescape=True)
    try:
        return HTMLResponse(env.get_template("draft.html").render(name=name))
    except jinja2.TemplateError:
        return HTMLResponse("")


@app.post("/previews")
async def preview(layout: Annotated[UploadFile, File()], title: Annotated[str, Form()] = "News"):
    source = (await layout.read(10_000)).decode(errors="replace")
    try:
        return {"html": views.env.from_string(source).render(title=title)}
    except jinja2.TemplateError:
        return {"html": None}


@app.post("/previews/draft")
async def draft_preview(layout: Annotated[UploadFile, File()]):
    source = (await layout.read(10_000)).decode(errors="replace")
    try:
        return {"html": drafting.from_string(source).render(title="News")}
    except jinja2.TemplateError:
        return {"html": None}


@app.get("/pages", response_class=HTMLResponse)
def page(request: Request, layout: Literal["plain", "ruled"] = "plain", title: str = "News"):
    view = views.get_template(f"{layout}.html")
    return HTMLResponse(view.render(request=request, title=title))


@app.get("/banner")
def banner(language: Annotated[str, Depends(locale)]):
    words = {"en": "Welcome, {{ n }} letters sent", "de": "Willkommen, {{ n }} Briefe"}
    source = words.get(language, words["en"])
    return {"text": jinja2.Template(source).render(n=3)}


@app.get("/plural")
def plural(count: int = 2, noun: str = "letter"):
    source = "{% if n == 1 %}one{% else %}" + str(count) + "{% endif %} {{ noun }}"
    return {"text": jinja2.Template(source).render(n=count, noun=noun)}


@app.websocket("/ws/merge")
async def merge(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            line = await socket.receive_text()
            try:
                await socket.send_text(letters.render(line.strip()))
            except jinja2.TemplateError:
                await socket.send_text("?")
    except WebSocketDisconnect:
        return

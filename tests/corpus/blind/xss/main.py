import html
from pathlib import Path
from string import Template
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Cookie, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape
from pydantic import BaseModel, Field

import badges

loader = FileSystemLoader(Path(__file__).with_name("views"))
views = Jinja2Templates(
    env=Environment(loader=loader, autoescape=select_autoescape(["html", "xml"]))
)
fragments = Environment(autoescape=True)
app = FastAPI(title="Notice board")
comments: list[str] = ["first!"]
SHELL = Template("<!doctype html><title>Board</title><main>$main</main>")


class Comment(BaseModel):
    author: str = "ada"
    body: str = Field(examples=["nice"], max_length=500)


class Look(BaseModel):
    color: str = Field(default="teal", max_length=100)
    text: str = Field(default="new", max_length=100)


class Badge(BaseModel):
    look: Look = Look()


@app.get("/search", response_class=HTMLResponse)
def search(q: str = "lost keys"):
    return f"<h1>Results for {q.strip()}</h1><p>Nothing found.</p>"


@app.get("/search/words", response_class=HTMLResponse)
def search_words(q: str = "lost keys"):
    return f"<h1>Results for {html.escape(q.strip())}</h1><p>Nothing found.</p>"


@app.get("/cards/{title}")
def card(request: Request, title: str):
    context = {"request": request, "title": title.title(), "lead": "A new card"}
    view = views.get_template("card.jinja")
    return HTMLResponse(view.render(context))


@app.get("/lists/{title}")
def note_list(request: Request, title: str):
    view = views.get_template("notes.html")
    return HTMLResponse(view.render({"request": request, "notes": [title, "milk"]}))


@app.post("/comments", status_code=201)
def add_comment(comment: Comment):
    comments.append(comment.body)
    del comments[:-50]
    return {"count": len(comments)}


@app.get("/comments", response_class=HTMLResponse)
def show_comments():
    view = views.get_template("comment.html")
    return HTMLResponse("\n".join(view.render(body=body) for body in comments))


@app.post("/remarks")
def remark(comment: Comment):
    line = Markup("<p><b>{}</b> {}</p>").format(comment.author, comment.body)
    return HTMLResponse(str(line))


@app.post("/badges")
def badge(order: Badge):
    image = badges.draw(order.look.color, order.look.text)
    return Response(image, media_type="image/svg+xml")


@app.post("/badges/raw")
def raw_badge(order: Badge):
    return JSONResponse({"svg": badges.draw(order.look.color, order.look.text)})


@app.post("/profile")
def profile(name: Annotated[str, Form()], homepage: Annotated[str, Form()] = "/me"):
    link = '<a href="{}">{}</a>'.format(escape(homepage), escape(name))
    return HTMLResponse(SHELL.substitute(main=link))


@app.post("/profile/link")
def profile_link(name: Annotated[str, Form()], homepage: Annotated[str, Form()] = "/me"):
    scheme = urlsplit(homepage.strip()).scheme
    target = homepage.strip() if scheme in ("http", "https") else "/me"
    link = fragments.from_string('<a href="{{ target }}">{{ name }}</a>')
    return HTMLResponse(link.render(target=target, name=name))


@app.get("/hello")
def hello(visitor: Annotated[str, Cookie()] = "guest"):
    return PlainTextResponse(f"<hello> {visitor}", headers={"X-Content-Type-Options": "nosniff"})

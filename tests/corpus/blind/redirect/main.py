import base64
from typing import Annotated
from urllib.parse import quote, urljoin, urlsplit

from fastapi import Cookie, Depends, FastAPI, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

HOME = "/home"
SHOPS = {"uk": "https://uk.northwind.example/", "de": "https://de.northwind.example/"}
PARTNERS = frozenset({"pay.northwind.example", "help.northwind.example"})
app = FastAPI(title="Front door")


class Step(BaseModel):
    back_to: str = Field(default="/home", max_length=300)
    label: str = "continue"


class Flow(BaseModel):
    name: str = "checkout"
    step: Step = Step()


def own_path(value: str) -> str:
    plain = value.isascii() and value.isprintable() and "\\" not in value
    if plain and value.startswith("/") and not value.startswith("//"):
        return value
    return HOME


class Return:
    def __init__(self, next: Annotated[str, Query()] = "/home"):
        parts = urlsplit(next)
        self.target = next if not parts.netloc and not parts.scheme else HOME


def remembered(back: Annotated[str, Cookie()] = "L2hvbWU=") -> str:
    try:
        return base64.b64decode(back).decode()
    except ValueError:
        return HOME


@app.get("/home")
def home():
    return {"page": "home"}


@app.get("/go")
def go(
    url: Annotated[str, Query(examples=["https://help.northwind.example/faq"])] = HOME,
):
    return RedirectResponse(url)


@app.get("/go/partner")
def go_partner(
    url: Annotated[str, Query(examples=["https://help.northwind.example/faq"])],
):
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.netloc in PARTNERS and "\\" not in url:
        return RedirectResponse(url)
    return RedirectResponse(HOME)


@app.post("/login")
def login(name: Annotated[str, Form()], next: Annotated[str, Form()] = "/home"):
    answer = RedirectResponse(next if next.startswith("/") else HOME, status_code=303)
    answer.set_cookie("who", quote(name), httponly=True, secure=True, samesite="strict")
    return answer


@app.post("/logout")
def logout(next: Annotated[str, Form()] = "/home"):
    return RedirectResponse(own_path(next), status_code=303)


@app.get("/return")
def go_back(where: Annotated[Return, Depends()]):
    return RedirectResponse(where.target, status_code=302)


@app.get("/resume")
async def resume(target: Annotated[str, Depends(remembered)]):
    return Response(status_code=302, headers={"Location": urljoin(HOME, target)})


@app.get("/resume/local")
async def resume_local(target: Annotated[str, Depends(remembered)]):
    return Response(status_code=302, headers={"Location": own_path(urljoin(HOME, target))})


@app.post("/flows", status_code=201)
def finish(flow: Flow, response: Response):
    response.status_code = 307
    response.headers["location"] = "%s?done=1" % flow.step.back_to
    return {"flow": flow.name}


@app.post("/flows/{name}/next")
def next_step(name: str, flow: Flow):
    return RedirectResponse(f"/flows/{quote(name, safe='')}/done", status_code=303)


@app.get("/shop")
def shop(request: Request, x_country: Annotated[str, Header()] = "uk"):
    fallback = str(request.url_for("home").path)
    return RedirectResponse(SHOPS.get(x_country.lower(), fallback))


@app.get("/orders/{number}/track")
def track(number: int, carrier: str = "post"):
    return RedirectResponse(f"https://track.northwind.example/{number}?by={quote(carrier)}")

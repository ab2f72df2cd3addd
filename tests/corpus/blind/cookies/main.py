import secrets
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI(title="Sign-in desk")
sessions: dict[str, str] = {}
FLAGS = {"httponly": True, "secure": True, "samesite": "strict", "path": "/"}


def start(name: str) -> str:
    key = secrets.token_urlsafe(32)
    sessions[key] = name
    return key


class Keeper:
    def __init__(self, response: Response):
        self.weekly = partial(response.set_cookie, "desk_session", secure=True)
        self.daily = partial(response.set_cookie, "desk_session", **FLAGS)


Keep = Annotated[Keeper, Depends()]
Name = Annotated[str, Form(max_length=40)]
desk = APIRouter(prefix="/desk")


@desk.post("/enter")
def enter(response: Response, name: Name = "ada"):
    response.set_cookie("session", start(name), httponly=True, max_age=3600)
    return {"name": name}


@desk.post("/enter/weekly")
def enter_weekly(keep: Keep, name: Name = "ada"):
    keep.weekly(start(name), samesite="lax")
    return {"name": name}


@desk.post("/enter/daily")
def enter_daily(keep: Keep, name: Name = "ada"):
    keep.daily(start(name))
    return {"name": name}


@desk.post("/enter/frame")
def enter_frame(name: Name = "ada"):
    answer = JSONResponse({"name": name})
    answer.set_cookie("session", start(name), httponly=True, secure=True, samesite="none")
    return answer


@desk.post("/enter/host")
def enter_host(name: Name = "ada"):
    answer = RedirectResponse("/desk/form", status_code=303)
    answer.set_cookie("__Host-session", start(name), **FLAGS)
    return answer


@desk.post("/remember")
async def remember(name: Name = "ada"):
    answer = JSONResponse({"name": name})
    answer.headers.append("Set-Cookie", f"remember_me={start(name)}; Path=/; Max-Age=2592000")
    return answer


@desk.post("/remember/short")
async def remember_short(name: Name = "ada"):
    answer = JSONResponse({"name": name})
    line = f"remember_me={start(name)}; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"
    answer.headers.append("set-cookie", line)
    return answer


@desk.get("/form")
def form(response: Response):
    token = secrets.token_urlsafe(16)
    response.set_cookie("csrf", token, secure=True, samesite="strict", httponly=False)
    return {"csrf": token}


@desk.post("/leave")
def leave(response: Response):
    response.delete_cookie("session", httponly=True, secure=True, samesite="strict")
    return {"left": True}


lobby = FastAPI(title="Lobby")
lobby.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32), max_age=3600)


@lobby.post("/visit")
def lobby_visit(request: Request):
    request.session["name"] = "guest"
    return {"visits": 1}


office = FastAPI(title="Office")
office.add_middleware(
    SessionMiddleware,
    secret_key=secrets.token_hex(32),
    max_age=3600,
    https_only=True,
    same_site="strict",
)


@office.post("/visit")
def office_visit(request: Request):
    request.session["name"] = "guest"
    return {"visits": 1}


app.include_router(desk)
app.mount("/lobby", lobby)
app.mount("/office", office)

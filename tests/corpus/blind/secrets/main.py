import hashlib
import hmac
import os
import random
import secrets
import time
from typing import Annotated

import jwt
from fastapi import FastAPI, Form, Header, HTTPException, Query, Request
from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import BaseModel, Field
from starlette.middleware.sessions import SessionMiddleware

import config

app = FastAPI(title="Pass office")
app.add_middleware(SessionMiddleware, secret_key="change-me", https_only=True, max_age=3600)

SECRET_HEADER = "x-hook-secret"
PASSWORD_FIELD = "password"
LINK_KEY = os.getenv("PASS_LINK_KEY", "northwind-development")
SHARE_KEY = os.environ.get("PASS_SHARE_KEY") or secrets.token_urlsafe(48)
source = random.Random(20250101)
BADGE_KEY = "".join(source.choice("0123456789abcdef") for _ in range(64))
ROUND_KEY = secrets.token_hex(32)

badge_writer = URLSafeSerializer(BADGE_KEY, salt="badge")
round_writer = URLSafeSerializer(ROUND_KEY, salt="round")


class Holder(BaseModel):
    name: str = Field(default="Ada", max_length=60)
    secret_question: str = Field(default="", examples=["first pet"])


def mac(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), "|".join(parts).encode(), hashlib.sha256).hexdigest()


@app.post("/visits")
def visit(request: Request):
    request.session["visits"] = int(request.session.get("visits", 0)) + 1
    return dict(request.session)


@app.post("/passes", status_code=201)
def issue_pass(holder: Holder):
    claims = {"sub": holder.name, "exp": int(time.time()) + 3600}
    return {"pass": jwt.encode(claims, "secret", algorithm="HS256")}


@app.post("/permits", status_code=201)
def issue_permit(holder: Holder):
    claims = {"sub": holder.name, "exp": int(time.time()) + 3600}
    key = config.settings().permit_key.get_secret_value()
    return {"permit": jwt.encode(claims, key, algorithm="HS256")}


@app.get("/links")
def link(file: str = "plan.pdf"):
    return {"link": f"/files?name={file}&mac={mac(LINK_KEY, file)}"}


@app.get("/shares")
def share(file: str = "plan.pdf"):
    return {"link": f"/files?name={file}&mac={mac(SHARE_KEY, file)}"}


@app.get("/badges")
def badge(name: str = "Ada"):
    return {"badge": badge_writer.dumps({"name": name})}


@app.get("/rounds")
def rounds(ticket: Annotated[str, Query(max_length=300)] = "", name: str = "Ada"):
    try:
        seen = round_writer.loads(ticket) if ticket else None
    except BadSignature:
        seen = None
    return {"seen": seen, "ticket": round_writer.dumps({"name": name})}


@app.post("/hooks/door")
def door_hook(holder: Holder, x_signature: Annotated[str, Header()] = ""):
    expected = mac(config.settings().hook_key, holder.name)
    return {"accepted": hmac.compare_digest(x_signature.encode(), expected.encode())}


@app.post("/hooks/gate")
def gate_hook(request: Request, holder: Holder):
    given = request.headers.get(SECRET_HEADER, "")
    expected = mac(config.gate_key(), holder.name)
    return {"accepted": hmac.compare_digest(given.encode(), expected.encode())}


@app.post("/enter")
def enter(
    name: Annotated[str, Form()] = "ada",
    code: Annotated[str, Form(alias=PASSWORD_FIELD)] = "x",
):
    salt, digest = config.ADMIN_PASSWORD
    given = hashlib.scrypt(code[:200].encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=5)
    if name == "admin" and not hmac.compare_digest(given.hex(), digest):
        raise HTTPException(403)
    return {"welcome": name}

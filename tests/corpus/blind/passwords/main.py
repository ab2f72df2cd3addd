import hashlib
import hmac
import random
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Response
from pydantic import BaseModel, Field

import hashing

app = FastAPI(title="Club accounts")
stored: dict[str, str] = {}
resets: dict[str, str] = {}
VAULT_KEY = secrets.token_urlsafe(32)
VAULT_DIGEST = hashlib.sha256(VAULT_KEY.encode()).hexdigest()
VERSION = "2026-03"


class Account(BaseModel):
    name: str = Field(default="ada", max_length=40)
    password: str = Field(min_length=12, max_length=128, examples=["correct-horse-battery"])


class Renewal(BaseModel):
    password: str = Field(min_length=12, max_length=128, examples=["correct-horse-battery"])
    password_again: str = Field(min_length=12, max_length=128, examples=["correct-horse-battery"])


def keep(name: str, value: str) -> dict:
    stored[name] = value
    return {"name": name, "accounts": len(stored)}


@app.post("/accounts", status_code=201)
def add_account(account: Account):
    return keep(account.name, hashlib.md5(account.password.encode()).hexdigest())


@app.post("/members", status_code=201)
async def add_member(account: Account):
    return keep(account.name, hashing.salted(account.password))


@app.post("/staff", status_code=201)
def add_staff(account: Account):
    return keep(account.name, hashing.stretched(account.password, rounds=1_000))


@app.post("/trainers", status_code=201)
def add_trainer(account: Account):
    return keep(account.name, hashing.stretched(account.password))


@app.post("/coaches", status_code=201)
def add_coach(account: Account):
    return keep(account.name, hashing.memory_hard(account.password))


@app.post("/resets", status_code=202)
def start_reset(name: Annotated[str, Form()] = "ada"):
    resets["".join(random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=20))] = name
    return {"sent": True}


@app.post("/invitations", status_code=202)
def invite(name: Annotated[str, Form()] = "ada"):
    resets["".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(24))] = name
    return {"sent": True}


def vault_key(x_vault_key: Annotated[str, Header()] = "") -> bool:
    return x_vault_key == VAULT_KEY


def vault_digest(x_vault_key: Annotated[str, Header()] = "") -> bool:
    digest = hashlib.sha256(x_vault_key.encode()).hexdigest()
    return hmac.compare_digest(digest, VAULT_DIGEST)


@app.get("/vault")
def vault(opened: Annotated[bool, Depends(vault_key)]):
    return {"opened": opened}


@app.get("/vault/log")
def vault_log(opened: Annotated[bool, Depends(vault_digest)]):
    return {"opened": opened}


@app.put("/renewals")
def renew(renewal: Renewal):
    if renewal.password != renewal.password_again:
        raise HTTPException(422, "the two passwords differ")
    return keep("renewed", hashing.memory_hard(renewal.password))


@app.get("/avatars/{name}")
def avatar(name: str, response: Response):
    digest = hashlib.md5(name.strip().lower().encode(), usedforsecurity=False).hexdigest()
    response.headers["ETag"] = f'"{digest}"'
    return {"avatar": f"/static/{digest}.png", "current": VERSION == "2026-03"}


@app.get("/lottery")
def lottery(tickets: Annotated[int, Header(ge=1, le=10)] = 3):
    return {"numbers": random.sample(range(1, 50), tickets)}

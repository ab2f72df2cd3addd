import json
import secrets
import traceback
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

import store
from forms import FormRoute

HERE = Path(__file__).parent


@asynccontextmanager
async def lifespan(_: FastAPI):
    store.prepare()
    yield


app = FastAPI(title="Pension desk", lifespan=lifespan)
Db = Annotated[Session, Depends(store.session)]


class Mailbox(BaseModel):
    host: str = "mail.northwind.example"
    user: str = "desk"
    password: SecretStr = SecretStr(secrets.token_urlsafe(16))


class Registration(BaseModel):
    name: str = Field(default="ada", max_length=40)
    password: str = Field(min_length=12, max_length=128, examples=["correct-horse-battery"])


class Saver(BaseModel):
    model_config = {"from_attributes": True}
    id: int
    name: str


class SaverCard(Saver):
    password_hash: str = Field(exclude=True)


class Plan(BaseModel):
    years: int = 10
    shares: dict[str, float] = {"bonds": 0.6, "stocks": 0.4}


mailbox = Mailbox()


@app.get("/savers/{saver_id}")
def saver(saver_id: int, db: Db):
    found = db.get(store.Saver, saver_id)
    if found is None:
        raise HTTPException(404)
    return found


@app.get("/savers", response_model=list[Saver])
def savers(db: Db):
    return db.scalars(select(store.Saver).limit(50)).all()


@app.get("/cards/{saver_id}")
def card(saver_id: int, db: Db) -> SaverCard:
    found = db.get(store.Saver, saver_id)
    if found is None:
        raise HTTPException(404)
    return SaverCard.model_validate(found)


@app.post("/plans/yield")
def plan_yield(plan: Plan):
    try:
        return {"yield": plan.shares["bonds"] * 100 / plan.years}
    except Exception as error:
        raise HTTPException(400, detail={"error": repr(error), "at": traceback.format_exc()})


@app.post("/plans/cost")
def plan_cost(plan: Plan):
    try:
        return {"cost": plan.shares["bonds"] * 100 / plan.years}
    except (KeyError, ZeroDivisionError) as error:
        reasons = {
            KeyError: "bonds are missing",
            ZeroDivisionError: "years must not be 0",
        }
        raise HTTPException(400, detail=reasons[type(error)]) from None


@app.post("/registrations", status_code=201)
def register(form: Registration):
    return {"name": form.name}


guests = APIRouter(prefix="/guests", route_class=FormRoute)


@guests.post("/registrations", status_code=201)
def register_guest(form: Registration):
    return {"name": form.name}


@app.get("/status")
def status():
    return {
        "mailbox": {
            **mailbox.model_dump(),
            "password": mailbox.password.get_secret_value(),
        },
        "state": "up",
    }


@app.get("/status/brief")
def brief_status():
    return {"mailbox": json.loads(mailbox.model_dump_json()), "state": "up"}


app.include_router(guests)
app.mount("/pages", StaticFiles(directory=HERE / "pages", html=True))
app.mount("/guide", StaticFiles(directory=HERE))

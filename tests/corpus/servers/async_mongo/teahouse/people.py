import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pymongo.errors import DuplicateKeyError

from teahouse.config import settings
from teahouse.db import Db
from teahouse.passwords import fits, protect

COOKIE = "tea_session"

router = APIRouter()


class Credentials(BaseModel):
    email: str = Field(pattern=r"^[a-z.]{2,30}@[a-z]{2,30}\.example$", examples=["rui@harbour.example"])
    password: str = Field(min_length=12, max_length=100, examples=["two-sugars-please-9"])


class Profile(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, max_length=80, examples=["Rui"])
    city: str = Field(max_length=80, examples=["Braga"])


class Address(BaseModel):
    street: str = Field(min_length=1, max_length=120)
    city: str = Field(min_length=1, max_length=80)


async def visitor(
    db: Db, tea_session: Annotated[str, Cookie(max_length=64)] = ""
) -> dict[str, Any]:
    session = await db.sessions.find_one({"_id": tea_session, "until": {"$gt": datetime.now(UTC)}})
    person = await db.people.find_one({"_id": session["person"]}) if session else None
    if person is None:
        raise HTTPException(401, "Please sign in")
    return person


Visitor = Annotated[dict[str, Any], Depends(visitor)]


async def stockroom_staff(who: Visitor) -> dict[str, Any]:
    if who["role"] != "stockroom":
        raise HTTPException(403, "Stockroom only")
    return who


@router.post("/sign-up", status_code=201)
async def sign_up(sent: Credentials, db: Db) -> dict[str, str]:
    person = {"email": sent.email, "role": "drinker", "name": "", "city": "", "points": 0}
    try:
        await db.people.insert_one({**person, **protect(sent.password)})
    except DuplicateKeyError:
        raise HTTPException(409, "There is an account already") from None
    return {"email": sent.email}


@router.post("/sign-in")
async def sign_in(sent: Credentials, request: Request, response: Response, db: Db) -> dict[str, str]:
    address = request.client.host if request.client else "unknown"
    now = datetime.now(UTC)
    tries = await db.tries.find_one_and_update(
        {"_id": f"{address} {sent.email}"},
        {"$inc": {"count": 1}, "$set": {"until": now + timedelta(minutes=5)}},
        upsert=True,
        return_document=True,
    )
    if tries["count"] > settings.sign_in_tries:
        raise HTTPException(429, "Too many tries, please wait")
    person = await db.people.find_one({"email": sent.email})
    if not fits(sent.password, person):
        raise HTTPException(401, "Unknown address or wrong password")
    await db.tries.delete_one({"_id": tries["_id"]})
    token = secrets.token_urlsafe(32)
    until = now + timedelta(minutes=settings.session_minutes)
    await db.sessions.insert_one({"_id": token, "person": person["_id"], "until": until})
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_minutes * 60,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return {"email": person["email"]}


@router.get("/me")
async def me(who: Visitor) -> dict[str, Any]:
    return {name: who[name] for name in ("email", "name", "city", "points")}


@router.patch("/me")
async def change_me(new: Profile, who: Visitor, db: Db) -> dict[str, Any]:
    changed = await db.people.find_one_and_update(
        {"_id": who["_id"]}, {"$set": new.model_dump()}, return_document=True
    )
    return {name: changed[name] for name in ("email", "name", "city", "role")}


@router.put("/me/address", status_code=204)
async def new_address(new: Address, who: Visitor, db: Db) -> None:
    await db.people.update_one({"_id": who["_id"]}, {"$set": {"address": new.model_dump()}})


@router.post("/gift-cards/redeem")
async def redeem(payload: dict[str, Any], who: Visitor, db: Db) -> dict[str, int]:
    card = await db.cards.find_one_and_update(
        {"code": payload["code"], "used": False}, {"$set": {"used": True, "by": who["_id"]}}
    )
    if card is None:
        raise HTTPException(404, "This card is not known")
    await db.people.update_one({"_id": who["_id"]}, {"$inc": {"points": card["worth"]}})
    return {"points": who["points"] + card["worth"]}

from typing import Any

import asyncpg
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from spoke.passwords import matches, scramble
from spoke.people import Rider, make_token
from spoke.store import Con

router = APIRouter()


class Credentials(BaseModel):
    handle: str = Field(pattern=r"^[a-z0-9_]{3,24}$", examples=["nadia"])
    passphrase: str = Field(min_length=12, max_length=100, examples=["two-tubeless-tyres"])


class Newcomer(Credentials):
    town: str = Field(default="", max_length=120)


class Profile(BaseModel):
    town: str = Field(max_length=120, examples=["Lund"])


@router.post("/riders", status_code=201)
async def join(newcomer: Newcomer, con: Con) -> dict[str, Any]:
    try:
        rider_id = await con.fetchval(
            "INSERT INTO rider (handle, passphrase, town) VALUES ($1, $2, $3) RETURNING rider_id",
            newcomer.handle,
            scramble(newcomer.passphrase),
            newcomer.town,
        )
    except asyncpg.UniqueViolationError:
        raise HTTPException(409, "this handle is taken") from None
    return {"rider_id": rider_id}


@router.post("/session")
async def sign_in(sent: Credentials, con: Con) -> dict[str, str]:
    row = await con.fetchrow(
        "SELECT rider_id, passphrase FROM rider WHERE handle = $1", sent.handle
    )
    if row is None or not matches(sent.passphrase, row["passphrase"]):
        raise HTTPException(401, "unknown handle or wrong passphrase")
    return {"token": make_token(row["rider_id"])}


@router.get("/account")
async def account(me: Rider) -> dict[str, Any]:
    return dict(me)


@router.put("/account")
async def change_account(profile: Profile, me: Rider, con: Con) -> dict[str, Any]:
    await con.execute(
        "UPDATE rider SET town = $2 WHERE rider_id = $1", me["rider_id"], profile.town
    )
    return {"town": profile.town}


@router.get("/account/dealers")
async def dealers_nearby(me: Rider, con: Con) -> list[dict[str, Any]]:
    rows = await con.fetch(f"SELECT name, town FROM dealer WHERE town = '{me['town']}'")
    return [dict(row) for row in rows]

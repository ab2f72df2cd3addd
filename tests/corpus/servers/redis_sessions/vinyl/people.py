import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from vinyl.cache import (
    Cache,
    close_session,
    forget_tries,
    open_session,
    read_session,
    too_many_tries,
)
from vinyl.config import settings
from vinyl.passwords import new_salt, stretch
from vinyl.tables import engine, listener

COOKIE = "vinyl_session"

router = APIRouter()


class Credentials(BaseModel):
    name: str = Field(pattern=r"^[a-z][a-z0-9]{2,30}$", examples=["miles"])
    password: str = Field(min_length=12, max_length=100, examples=["kind-of-green-59"])


async def visitor(
    redis: Cache, vinyl_session: Annotated[str, Cookie(max_length=64)] = ""
) -> dict[str, Any]:
    who = await read_session(redis, vinyl_session) if vinyl_session else None
    if who is None:
        raise HTTPException(401, "Please sign in")
    return who


Visitor = Annotated[dict[str, Any], Depends(visitor)]


async def counter_staff(who: Visitor) -> dict[str, Any]:
    if not who["behind_counter"]:
        raise HTTPException(403, "Staff only")
    return who


@router.post("/sign-up", status_code=201)
def sign_up(sent: Credentials) -> dict[str, str]:
    salt = new_salt()
    values = {"name": sent.name, "salt": salt, "stretched": stretch(sent.password, salt)}
    try:
        with engine.begin() as con:
            con.execute(listener.insert().values(**values))
    except IntegrityError:
        raise HTTPException(409, "This name is taken") from None
    return {"name": sent.name}


@router.post("/sign-in")
async def sign_in(
    sent: Credentials, request: Request, response: Response, redis: Cache
) -> dict[str, str]:
    address = request.client.host if request.client else "unknown"
    if await too_many_tries(redis, address, sent.name):
        raise HTTPException(429, "Too many tries, please wait")
    with engine.connect() as con:
        row = con.execute(select(listener).where(listener.c.name == sent.name)).first()
    given = stretch(sent.password, row.salt if row else bytes(16))
    if row is None or not hmac.compare_digest(given, row.stretched):
        raise HTTPException(401, "Unknown name or wrong password")
    await forget_tries(redis, address, sent.name)
    who = {"id": row.id, "name": row.name, "behind_counter": row.behind_counter}
    key = await open_session(redis, who)
    response.set_cookie(
        COOKIE,
        key,
        max_age=settings.session_minutes * 60,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return {"name": row.name}


@router.get("/welcome")
async def welcome(who: Visitor, back: str = "/records") -> RedirectResponse:
    return RedirectResponse(back, status_code=303)


@router.post("/sign-out")
async def sign_out(
    redis: Cache, vinyl_session: Annotated[str, Cookie(max_length=64)] = ""
) -> RedirectResponse:
    await close_session(redis, vinyl_session)
    answer = RedirectResponse("/records", status_code=303)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/whoami")
async def whoami(who: Visitor) -> dict[str, Any]:
    return {"name": who["name"], "staff": who["behind_counter"]}

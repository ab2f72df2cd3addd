"""Who is calling."""

import time
from typing import Annotated

import asyncpg
import jwt
from fastapi import Depends, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from spoke.store import Con

TOKEN_KEY = "spoke-workshop-token-key-v4-7fd1"
TOKEN_SECONDS = 3600

bearer = HTTPBearer()


def make_token(rider_id: int) -> str:
    claims = {"sub": str(rider_id), "exp": int(time.time()) + TOKEN_SECONDS}
    return jwt.encode(claims, TOKEN_KEY, algorithm="HS256")


async def rider(
    con: Con, sent: Annotated[HTTPAuthorizationCredentials, Security(bearer)]
) -> asyncpg.Record:
    try:
        claims = jwt.decode(
            sent.credentials, TOKEN_KEY, algorithms=["HS256"], options={"require": ["exp", "sub"]}
        )
    except jwt.PyJWTError:
        raise HTTPException(401, "sign in again") from None
    row = await con.fetchrow(
        "SELECT rider_id, handle, town, staff FROM rider WHERE rider_id = $1", int(claims["sub"])
    )
    if row is None:
        raise HTTPException(401, "sign in again")
    return row


Rider = Annotated[asyncpg.Record, Depends(rider)]


async def staff(me: Rider) -> asyncpg.Record:
    if not me["staff"]:
        raise HTTPException(403, "workshop staff only")
    return me


Staff = Annotated[asyncpg.Record, Depends(staff)]

import datetime as dt
import hashlib
import secrets

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel
from sqlalchemy import select

from ..db import Db, hashed, matches
from ..models import Login, Staff

router = APIRouter(tags=["session"])
NOBODY = hashed(secrets.token_hex(8))


class SignIn(BaseModel):
    email: str
    password: str


@router.post("/session")
def sign_in(given: SignIn, db: Db, response: Response):
    person = db.scalar(select(Staff).where(Staff.email == given.email))
    if not matches(given.password[:200], person.password if person else NOBODY):
        raise HTTPException(400, "wrong e-mail or password")
    key = secrets.token_urlsafe(32)
    until = dt.datetime.now() + dt.timedelta(hours=8)
    digest = hashlib.sha256(key.encode()).hexdigest()
    db.add(Login(key=digest, staff_id=person.id, until=until))
    db.commit()
    response.set_cookie("clinic_session", key, httponly=True, samesite="strict")
    return {"email": person.email}

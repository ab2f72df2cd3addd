import datetime as dt
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import APIKeyCookie
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from .models import Base, Login, Patient, Staff

FILE = Path(__file__).resolve().parents[2] / "clinic.db"
cookie = APIKeyCookie(name="clinic_session", auto_error=False)
engine = create_engine(f"sqlite:///{FILE}", connect_args={"check_same_thread": False})
make_session = sessionmaker(engine, expire_on_commit=False)


def get_db():
    with make_session() as session:
        yield session


Db = Annotated[Session, Depends(get_db)]


def hashed(password: str, salt: str | None = None) -> str:
    salt = salt or secrets.token_hex(16)
    key = hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**14, r=8, p=5)
    return f"{salt}${key.hex()}"


def matches(password: str, stored: str) -> bool:
    salt, _, _ = stored.partition("$")
    return hmac.compare_digest(hashed(password, salt), stored)


def current_staff(db: Db, key: Annotated[str | None, Depends(cookie)]) -> Staff:
    digest = hashlib.sha256((key or "").encode()).hexdigest()
    login = db.get(Login, digest)
    if login is None or login.until < dt.datetime.now():
        raise HTTPException(401, "please sign in")
    return db.get(Staff, login.staff_id)


Me = Annotated[Staff, Depends(current_staff)]


def chief(me: Me) -> Staff:
    if me.role != "admin":
        raise HTTPException(403)
    return me


def prepare() -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with make_session() as db:
        nina = Staff(email="nina@clinic.example", password=hashed("thin-orange-kite"))
        carl = Staff(email="carl@clinic.example", password=hashed("round-silver-lamp"))
        carl.role = "admin"
        nina.patients = [Patient(name="Otto", ward="east", note="rest")]
        carl.patients = [Patient(name="Ida", ward="west", note="walks")]
        db.add_all([nina, carl])
        db.commit()

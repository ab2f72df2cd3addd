import hashlib
import os
import secrets
from datetime import datetime, timedelta, timezone

import jwt
from fastapi import Depends, Header, HTTPException
from sqlalchemy.orm import Session

from . import models
from .database import get_db

JWT_SECRET = os.getenv("JWT_SECRET") or secrets.token_hex(32)


def hash_password(password: str) -> str:
    return hashlib.md5(password.encode("utf-8")).hexdigest()


def make_token(user: models.User) -> str:
    claims = {"sub": str(user.id), "exp": datetime.now(timezone.utc) + timedelta(hours=8)}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def current_user(authorization: str = Header(""), db: Session = Depends(get_db)) -> models.User:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(status_code=401, detail="Not signed in")
    try:
        claims = jwt.decode(token, JWT_SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(status_code=401, detail="Not signed in")
    user = db.get(models.User, int(claims["sub"]))
    if user is None or not user.active:
        raise HTTPException(status_code=401, detail="Not signed in")
    return user


def owner_only(user: models.User = Depends(current_user)) -> models.User:
    if user.role != "owner":
        raise HTTPException(status_code=403, detail="Owner only")
    return user

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer

bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token")


@dataclass
class Account:
    name: str
    role: str
    salt: bytes
    key: bytes


def stretch(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password[:200].encode(), salt=salt, n=2**14, r=8, p=5)


class Accounts:
    def __init__(self):
        self.known: dict[str, Account] = {}
        self.codes: dict[str, str] = {}
        for name, password, role in (
            ("mia", "quiet-lantern-55", "user"),
            ("ole", "brisk-anchor-73", "admin"),
        ):
            salt = secrets.token_bytes(16)
            self.known[name] = Account(name, role, salt, stretch(password, salt))

    def check(self, name: str, password: str) -> Account | None:
        account = self.known.get(name, Account("", "", b"0" * 16, b""))
        return (
            account if hmac.compare_digest(stretch(password, account.salt), account.key) else None
        )


def signing_key(request: Request) -> bytes:
    value = request.app.state.settings.signing_key.get_secret_value()
    return hashlib.sha256(value.encode()).digest()


def issue(account: Account, key: bytes, minutes: int) -> str:
    claims = {"sub": account.name, "exp": int(time.time()) + 60 * minutes}
    return jwt.encode(claims, key, algorithm="HS256")


def current(
    request: Request,
    token: Annotated[str, Depends(bearer)],
    key: Annotated[bytes, Depends(signing_key)],
) -> Account:
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    account = request.app.state.accounts.known.get(claims["sub"])
    if account is None:
        raise HTTPException(401)
    return account


User = Annotated[Account, Depends(current)]


def admin(user: User) -> Account:
    if user.role != "admin":
        raise HTTPException(403)
    return user


Admin = Annotated[Account, Depends(admin)]

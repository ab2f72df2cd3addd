import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer

bearer = OAuth2PasswordBearer(tokenUrl="auth/token")
SALT = secrets.token_bytes(16)
TOKENS: dict[str, int] = {}


@dataclass
class Person:
    id: int
    name: str
    key: bytes
    role: str = "user"
    city: str = ""
    limit: int = 100


def stretch(password: str) -> bytes:
    return hashlib.scrypt(password[:200].encode(), salt=SALT, n=2**14, r=8, p=5)


PEOPLE = {
    1: Person(1, "alice", stretch("maple-tunnel-64")),
    2: Person(2, "bob", stretch("cedar-comet-12")),
    3: Person(3, "olga", stretch("amber-glacier-90"), role="admin"),
}


def sign_in(name: str, password: str) -> str | None:
    given = stretch(password)
    for person in PEOPLE.values():
        if person.name == name and hmac.compare_digest(given, person.key):
            token = secrets.token_urlsafe(32)
            TOKENS[hashlib.sha256(token.encode()).hexdigest()] = person.id
            return token
    return None


def current(token: Annotated[str, Depends(bearer)]) -> Person:
    number = TOKENS.get(hashlib.sha256(token.encode()).hexdigest())
    if number is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return PEOPLE[number]


Me = Annotated[Person, Depends(current)]


def only(role: str):
    def check(me: Me) -> Person:
        if me.role != role:
            raise HTTPException(403)
        return me

    return check

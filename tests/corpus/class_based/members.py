import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import APIKeyCookie

cookie = APIKeyCookie(name="session")


@dataclass
class Member:
    id: int
    name: str
    librarian: bool = False


SESSIONS = {
    "761a1842f26783aaeb18131e9b58b1946d579837508344cf8cfccd6798f99e4d": Member(1, "Carol"),
    "4a0ca507bf7645dee762cea5d3386182dc49df76b9e615daa28626811a3a1b0a": Member(
        2, "Dan", librarian=True
    ),
}


def member(session: Annotated[str, Depends(cookie)]) -> Member:
    found = SESSIONS.get(hashlib.sha256(session.encode()).hexdigest())
    if found is None:
        raise HTTPException(401)
    return found


def librarian(me: Annotated[Member, Depends(member)]) -> Member:
    if not me.librarian:
        raise HTTPException(403)
    return me


SignedIn = Annotated[Member, Depends(member)]
Librarian = Annotated[Member, Depends(librarian)]

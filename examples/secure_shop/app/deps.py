"""Who is asking: dependencies of the handlers."""

from typing import Annotated

import jwt
from fastapi import Cookie, Depends, HTTPException, Path, status
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import SessionDep
from app.models import Order, User
from app.security import read_token

COOKIE = "__Host-shop"
MAX_ID = 2**31 - 1
ROLE_SCOPES = {"admin": frozenset({"orders:export", "sales:read"})}

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/auth/token")

ObjectId = Annotated[int, Path(ge=1, le=MAX_ID)]
SessionCookie = Annotated[str, Cookie(alias=COOKIE, max_length=2000)]


async def user_of(token: str, session: AsyncSession) -> User:
    """The user a token was made for; raises 401 where it is not valid."""
    refused = HTTPException(
        status.HTTP_401_UNAUTHORIZED, "Sign in first", {"WWW-Authenticate": "Bearer"}
    )
    try:
        claims = read_token(token)
    except jwt.PyJWTError:
        raise refused from None
    user = await session.scalar(select(User).where(User.username == claims["sub"]))
    if user is None:
        raise refused
    return user


async def current_user(token: Annotated[str, Depends(oauth2_scheme)], session: SessionDep) -> User:
    """The signed-in user of an API call."""
    return await user_of(token, session)


async def page_user(session: SessionDep, cookie: SessionCookie = "") -> User:
    """The signed-in user of a page, from the session cookie."""
    return await user_of(cookie, session)


CurrentUser = Annotated[User, Depends(current_user)]
PageUser = Annotated[User, Depends(page_user)]


async def require_admin(user: CurrentUser) -> User:
    """The signed-in administrator."""
    if user.role != "admin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Administrators only")
    return user


async def scoped_user(scopes: SecurityScopes, user: CurrentUser) -> User:
    """The signed-in user, where the role grants every scope asked for."""
    granted = ROLE_SCOPES.get(user.role, frozenset())
    if not granted.issuperset(scopes.scopes):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Not enough rights")
    return user


async def own_order(order_id: ObjectId, user: CurrentUser, session: SessionDep) -> Order:
    """The order of the path, if it is the user's own; 404 for anybody else's."""
    mine = select(Order).where(Order.id == order_id, Order.user_id == user.id)
    order = await session.scalar(mine)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such order")
    return order


Admin = Annotated[User, Depends(require_admin)]
OwnOrder = Annotated[Order, Depends(own_order)]

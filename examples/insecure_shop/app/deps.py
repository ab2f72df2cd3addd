"""Who is asking: dependencies of the handlers."""

import hmac
import logging
from typing import Annotated

import jwt
from fastapi import Cookie, Depends, Header, HTTPException, Security, status
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer, SecurityScopes
from sqlalchemy import select

from app.config import settings
from app.db import SessionDep
from app.models import User
from app.security import key_digest, read_token

logger = logging.getLogger("shop.access")

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/auth/token")
optional_scheme = OAuth2PasswordBearer(tokenUrl="/auth/token", auto_error=False)
partner_scheme = APIKeyHeader(name="X-API-Key")

UNAUTHORIZED = HTTPException(
    status.HTTP_401_UNAUTHORIZED, "Sign in first", {"WWW-Authenticate": "Bearer"}
)


async def user_of(token: str, session: SessionDep) -> User:
    """The user a token was made for."""
    try:
        claims = read_token(token)
    except jwt.PyJWTError:
        raise UNAUTHORIZED from None
    user = await session.scalar(select(User).where(User.username == claims.get("sub")))
    if user is None:
        raise UNAUTHORIZED
    return user


async def current_user(token: Annotated[str, Depends(oauth2_scheme)], session: SessionDep) -> User:
    """The signed-in user of an API call."""
    return await user_of(token, session)


async def page_user(session: SessionDep, shop_session: Annotated[str, Cookie()] = "") -> User:
    """The signed-in user of a page, from the session cookie."""
    return await user_of(shop_session, session)


async def maybe_user(
    session: SessionDep, token: Annotated[str | None, Depends(optional_scheme)]
) -> User | None:
    """The signed-in user, or None for a visitor."""
    if token is None:
        return None
    return await user_of(token, session)


async def member(
    session: SessionDep, token: Annotated[str | None, Depends(optional_scheme)]
) -> User:
    """The signed-in user; answers with a hint to the sign-in page otherwise."""
    if token is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Please open /shop to sign in")
    return await user_of(token, session)


CurrentUser = Annotated[User, Depends(current_user)]
PageUser = Annotated[User, Depends(page_user)]
MaybeUser = Annotated[User | None, Depends(maybe_user)]
Member = Annotated[User, Depends(member)]


async def require_admin(user: CurrentUser) -> User:
    """The signed-in administrator."""
    if user.role != "admin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Administrators only")
    return user


Admin = Annotated[User, Depends(require_admin)]


async def scoped_user(scopes: SecurityScopes, user: CurrentUser) -> User:
    """The signed-in user, where the role grants every scope asked for."""
    granted = {"audit:read", "orders:export"} if user.role == "admin" else set()
    if not granted.issuperset(scopes.scopes):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Not enough rights")
    return user


async def require_partner(key: Annotated[str, Security(partner_scheme)]) -> str:
    """Name of the partner whose API key was sent."""
    if not hmac.compare_digest(key_digest(key), settings.partner_key_sha256):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Unknown key")
    return "partner"


async def require_internal(x_internal_key: Annotated[str, Header()] = "") -> None:
    """Let our own machines in, by the key they share."""
    given = x_internal_key.encode()
    if not hmac.compare_digest(given, settings.internal_key.encode()):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Not Found")


async def warehouse_only(x_warehouse_token: Annotated[str, Header()] = "") -> None:
    """Let the warehouse in, by the token its scanners send."""
    try:
        claims = read_token(x_warehouse_token)
        if claims["sub"] != "warehouse":
            raise HTTPException(status.HTTP_403_FORBIDDEN, "Warehouse only")
    except Exception:
        logger.warning("warehouse token could not be checked")

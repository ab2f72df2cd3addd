from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from bookshop.core.security import decode_access_token
from bookshop.db import get_session
from bookshop.models import Reader
from bookshop.repositories.books import BookRepository
from bookshop.repositories.purchases import PurchaseRepository

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/login")

SessionDep = Annotated[AsyncSession, Depends(get_session)]


def get_books(session: SessionDep) -> BookRepository:
    return BookRepository(session)


def get_purchases(session: SessionDep) -> PurchaseRepository:
    return PurchaseRepository(session)


async def get_current_reader(
    session: SessionDep, token: Annotated[str, Depends(oauth2_scheme)]
) -> Reader:
    unauthorized = HTTPException(
        status.HTTP_401_UNAUTHORIZED,
        "Could not validate credentials",
        {"WWW-Authenticate": "Bearer"},
    )
    try:
        reader_id = decode_access_token(token)
    except (jwt.PyJWTError, KeyError, ValueError):
        raise unauthorized from None
    reader = await session.get(Reader, reader_id)
    if reader is None:
        raise unauthorized
    return reader


CurrentReader = Annotated[Reader, Depends(get_current_reader)]


async def get_manager(reader: CurrentReader) -> Reader:
    if not reader.is_manager:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Managers only")
    return reader


Manager = Annotated[Reader, Depends(get_manager)]
Books = Annotated[BookRepository, Depends(get_books)]
Purchases = Annotated[PurchaseRepository, Depends(get_purchases)]

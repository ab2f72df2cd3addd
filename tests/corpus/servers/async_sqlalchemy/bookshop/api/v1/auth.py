from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from fastapi.security import OAuth2PasswordRequestForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bookshop.api.deps import SessionDep
from bookshop.core.security import create_access_token, hash_password, verify_password
from bookshop.models import Reader
from bookshop.schemas import ReaderOut, RegisterIn, Token

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/register", response_model=ReaderOut, status_code=status.HTTP_201_CREATED)
async def register(body: RegisterIn, session: SessionDep):
    reader = Reader(
        email=body.email.lower(),
        full_name=body.full_name,
        password_hash=hash_password(body.password),
        is_manager=False,
        shelf_order="title",
    )
    session.add(reader)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(status.HTTP_409_CONFLICT, "This address is taken") from None
    return reader


@router.post("/login", response_model=Token)
async def login(session: SessionDep, form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    statement = select(Reader).where(Reader.email == form.username.lower())
    reader = await session.scalar(statement)
    if reader is None or not verify_password(form.password, reader.password_hash):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Incorrect email or password")
    return Token(access_token=create_access_token(reader.id))

"""Sign-up, sign-in and forgotten passwords. No answer tells whether an account exists."""

import secrets
from datetime import UTC, timedelta
from typing import Annotated

from buckler.guard import EventKind, with_policy
from fastapi import APIRouter, BackgroundTasks, Form, HTTPException, Request, Response, status
from sqlalchemy import or_, select

from app.audit import tell
from app.config import settings
from app.db import SessionDep
from app.deps import COOKIE
from app.guesses import Window
from app.mailer import RESET, TAKEN, WELCOME, send
from app.models import ResetCode, User, now
from app.schemas import Done, Forgotten, Reset, SignIn, SignUp, Token
from app.security import create_token, hash_password, token_digest, verify_password

router = APIRouter(prefix="/auth", tags=["auth"])

RESET_LIFE = timedelta(minutes=30)
guesses = Window(limit=5, seconds=60)


@router.post("/token", response_model=Token)
@with_policy(rate="30/minute")
async def sign_in(
    form: Annotated[SignIn, Form()], request: Request, session: SessionDep, response: Response
) -> Token:
    """Sign in with name and password."""
    peer = request.client.host if request.client else "unknown"
    key = f"{peer} {form.username}"
    if guesses.full(key):
        tell(EventKind.LIMIT_EXCEEDED, request, reason="guesses", account=form.username)
        raise HTTPException(429, "Try again later", {"Retry-After": "60"})
    user = await session.scalar(select(User).where(User.username == form.username))
    stored = user.password_hash if user else None
    if not await verify_password(form.password.get_secret_value(), stored) or user is None:
        guesses.add(key)
        tell(EventKind.SIGN_IN_FAILED, request, reason="credentials", account=form.username)
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Name or password is wrong")
    guesses.clear(key)
    token = create_token(user.username)
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.token_minutes * 60,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    tell(EventKind.SIGN_IN_SUCCEEDED, request, principal=user.username)
    return Token(access_token=token)


@router.post("/signup", response_model=Done, status_code=202)
@with_policy(rate="20/minute")
async def sign_up(payload: SignUp, tasks: BackgroundTasks, session: SessionDep) -> Done:
    """Open an account; the rest is said by mail."""
    digest = await hash_password(payload.password.get_secret_value())
    same = or_(User.username == payload.username, User.email == payload.email)
    if await session.scalar(select(User.id).where(same).limit(1)) is None:
        session.add(
            User(
                username=payload.username,
                email=payload.email,
                full_name=payload.full_name,
                password_hash=digest,
            )
        )
        await session.commit()
        tasks.add_task(send, payload.email, "Welcome", WELCOME, name=payload.full_name)
    else:
        tasks.add_task(send, payload.email, "Your account", TAKEN)
    return Done(detail="We have sent you a mail")


@router.post("/password/forgot", response_model=Done, status_code=202)
@with_policy(rate="20/minute")
async def forgot_password(payload: Forgotten, tasks: BackgroundTasks, session: SessionDep) -> Done:
    """Ask for a mail with a link to a new password."""
    code = secrets.token_urlsafe(32)
    user = await session.scalar(select(User).where(User.email == payload.email).limit(1))
    if user is not None:
        session.add(ResetCode(user_id=user.id, digest=token_digest(code)))
        await session.commit()
        link = f"{settings.public_url}/shop/reset#{code}"
        tasks.add_task(send, user.email, "New password", RESET, name=user.full_name, link=link)
    return Done(detail="If we know the address, a mail is on its way")


@router.post("/password/reset", response_model=Done)
@with_policy(rate="10/minute")
async def reset_password(payload: Reset, session: SessionDep) -> Done:
    """Set a new password with the code from the mail, which works once."""
    digest = token_digest(payload.code)
    pending = await session.scalar(select(ResetCode).where(ResetCode.digest == digest))
    user = await session.get(User, pending.user_id) if pending else None
    if pending is None or user is None:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The code is not valid")
    await session.delete(pending)
    expired = now() - pending.created_at.replace(tzinfo=UTC) > RESET_LIFE
    if not expired:
        user.password_hash = await hash_password(payload.password.get_secret_value())
    await session.commit()
    if expired:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The code is not valid")
    return Done(detail="Password changed")

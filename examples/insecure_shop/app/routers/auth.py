"""Sign-up, sign-in and forgotten passwords."""

import hashlib
import hmac
import logging
import random
import string
from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.security import OAuth2PasswordRequestForm
from sqlalchemy import select

from app.config import settings
from app.db import SessionDep
from app.deps import CurrentUser
from app.limits import FailureLimit
from app.mailer import send
from app.models import ResetCode, User, Wholesaler, now
from app.schemas import (
    Answer,
    Device,
    Forgotten,
    Reset,
    SignUp,
    StaffSignIn,
    Token,
    UserPublic,
    WholesaleSignUp,
)
from app.security import (
    create_device_token,
    create_token,
    hash_password,
    hash_pin,
    verify_password,
)

logger = logging.getLogger("shop.auth")
router = APIRouter(prefix="/auth", tags=["auth"])

staff_limit = FailureLimit(failures=5, seconds=300)


@router.post("/token", response_model=Token)
async def sign_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    session: SessionDep,
    response: Response,
) -> Token:
    """Sign in with name and password."""
    user = await session.scalar(select(User).where(User.username == form.username))
    if user is None:
        raise HTTPException(401, "There is no account of that name")
    if not verify_password(form.password, user.password_hash):
        raise HTTPException(401, "The password is wrong")
    token = create_token(user.username)
    response.set_cookie("shop_session", token, secure=True, samesite="none")
    return Token(access_token=token)


@router.post("/signup", response_model=UserPublic, status_code=201)
async def sign_up(payload: SignUp, session: SessionDep) -> User:
    """Open an account."""
    logger.info("sign-up: %s", payload.model_dump())
    taken = await session.scalar(select(User).where(User.username == payload.username))
    if taken is not None:
        raise HTTPException(409, "That name is taken")
    user = User(
        username=payload.username,
        email=payload.email,
        full_name=payload.full_name,
        password_hash=hash_password(payload.password),
    )
    session.add(user)
    await session.commit()
    return user


@router.post("/wholesale", status_code=202)
async def apply_for_wholesale(payload: WholesaleSignUp, session: SessionDep) -> Answer:
    """Apply for a trade account."""
    digest = hashlib.md5(payload.password.encode()).hexdigest()
    session.add(Wholesaler(company=payload.company, email=payload.email, password_hash=digest))
    await session.commit()
    return Answer(detail="We will write to you")


@router.post("/password/forgot", status_code=202)
async def forgot_password(
    payload: Forgotten, request: Request, tasks: BackgroundTasks, session: SessionDep
) -> Answer:
    """Ask for a mail with a link to a new password."""
    user = await session.scalar(select(User).where(User.email == payload.email))
    if user is not None:
        code = "".join(random.choices(string.ascii_letters + string.digits, k=12))
        session.add(ResetCode(user_id=user.id, code=code))
        await session.commit()
        link = f"{request.base_url}shop/reset?code={code}"
        name = user.full_name
        tasks.add_task(send, user.email, "New password", "reset.txt", name=name, link=link)
    return Answer(detail="If we know the address, a mail is on its way")


@router.post("/password/reset")
async def reset_password(payload: Reset, session: SessionDep) -> Answer:
    """Set a new password with the code from the mail."""
    pending = await session.scalar(select(ResetCode).where(ResetCode.code == payload.code))
    if pending is None:
        raise HTTPException(400, "The code is not valid")
    age = now() - pending.created_at.replace(tzinfo=UTC)
    await session.delete(pending)
    user = await session.get(User, pending.user_id)
    if user is None or age > timedelta(minutes=30):
        await session.commit()
        raise HTTPException(400, "The code is not valid")
    user.password_hash = hash_password(payload.new_password)
    await session.commit()
    return Answer(detail="Password changed")


@router.post("/staff", response_model=Token)
def staff_sign_in(payload: StaffSignIn, request: Request) -> Token:
    """Sign in at a till with number and PIN."""
    peer = request.client.host if request.client else "unknown"
    staff_limit.check(peer)
    given = hash_pin(payload.pin, payload.number.encode())
    expected = settings.till_pins.get(payload.number, "0" * 128)
    if not hmac.compare_digest(given.hex(), expected):
        staff_limit.failed(peer)
        raise HTTPException(401, "Number or PIN is wrong")
    return Token(access_token=create_token(f"till-{payload.number}"))


@router.post("/device", response_model=Token)
async def remember_device(payload: Device, user: CurrentUser) -> Token:
    """A token for the app on a phone."""
    return Token(access_token=create_device_token(user.username, payload.name))


@router.get("/continue")
async def continue_to(to: str = "/shop/") -> RedirectResponse:
    """Go on to where the visitor was before the sign-in."""
    return RedirectResponse(to, status_code=303)


@router.get("/sign-out")
async def sign_out(to: str = "/shop/") -> RedirectResponse:
    """Forget the cookie and go on to another page of the shop."""
    local = to.startswith("/") and not to.startswith(("//", "/\\"))
    if not local or not to.isprintable():
        to = "/shop/"
    response = RedirectResponse(to, status_code=303)
    response.delete_cookie("shop_session", secure=True, httponly=True, samesite="none")
    return response

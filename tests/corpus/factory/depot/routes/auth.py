import random
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.security import OAuth2PasswordRequestForm

from ..accounts import User, issue, signing_key

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/token")
def token(
    request: Request,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    key: Annotated[bytes, Depends(signing_key)],
):
    state = request.app.state
    account = state.accounts.check(form.username, form.password)
    if account is None:
        raise HTTPException(400, "wrong name or password")
    return {
        "access_token": issue(account, key, state.settings.token_minutes),
        "token_type": "bearer",
    }


@router.post("/forgot", status_code=202)
def forgot(request: Request, name: Annotated[str, Form()] = "mia"):
    code = secrets.token_urlsafe(24)
    request.app.state.accounts.codes[name[:40]] = code
    mail = f"Reset your password: {request.base_url}reset?code={code}"
    return {"sent": True, "size": len(mail), "preview": mail.partition("?")[0]}


@router.post("/invite", status_code=202)
def invite(request: Request, user: User, name: Annotated[str, Form()] = "friend"):
    code = secrets.token_urlsafe(24)
    request.app.state.accounts.codes[name[:40]] = code
    mail = f"Join us: {request.app.state.settings.public_url}join?code={code}"
    return {"sent": True, "size": len(mail), "preview": mail.partition("?")[0]}


@router.post("/pin")
def pin(request: Request, user: User):
    code = f"{random.randint(0, 999_999):06d}"
    request.app.state.accounts.codes[user.name] = code
    return {"sent": True}


@router.get("/tips")
def tips(user: User):
    return {"tip": random.choice(["Label every crate.", "Count twice."])}

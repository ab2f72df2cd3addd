from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import RedirectResponse
from fastapi.security import OAuth2PasswordRequestForm

from app import crud
from app.deps import SessionDep
from app.models import CustomerCreate, CustomerPublic, Token
from app.security import create_access_token

router = APIRouter(tags=["login"])


@router.post("/signup", response_model=CustomerPublic, status_code=201)
def sign_up(session: SessionDep, data: CustomerCreate):
    if crud.get_customer_by_login(session, data.login):
        raise HTTPException(status_code=409, detail="This name is taken")
    return crud.create_customer(session, data)


@router.post("/login/access-token")
def login_access_token(
    session: SessionDep, form: Annotated[OAuth2PasswordRequestForm, Depends()]
) -> Token:
    customer = crud.authenticate(session, form.username, form.password)
    if not customer:
        raise HTTPException(status_code=400, detail="Incorrect login or password")
    return Token(access_token=create_access_token(customer.login))


@router.get("/login/continue")
def after_login(next: str = "/teas/"):
    return RedirectResponse(next, status_code=302)


@router.get("/logout")
def logout(next: str = "/teas/"):
    target = urlsplit(next.replace("\\", "/"))
    if target.scheme or target.netloc or not next.startswith("/") or next.startswith("//"):
        next = "/teas/"
    response = RedirectResponse(next, status_code=302)
    response.delete_cookie("kettle_hint")
    return response

from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session

from app import crud
from app.database import get_session
from app.models import Customer
from app.security import read_subject

reusable_oauth2 = OAuth2PasswordBearer(tokenUrl="/login/access-token")

SessionDep = Annotated[Session, Depends(get_session)]
TokenDep = Annotated[str, Depends(reusable_oauth2)]


def get_current_customer(session: SessionDep, token: TokenDep) -> Customer:
    try:
        login = read_subject(token)
    except (jwt.InvalidTokenError, KeyError):
        raise HTTPException(status_code=401, detail="Could not validate credentials")
    customer = crud.get_customer_by_login(session, login)
    if not customer:
        raise HTTPException(status_code=401, detail="Could not validate credentials")
    return customer


CurrentCustomer = Annotated[Customer, Depends(get_current_customer)]


def get_superuser(customer: CurrentCustomer) -> Customer:
    if not customer.is_superuser:
        raise HTTPException(status_code=403, detail="Not enough privileges")
    return customer

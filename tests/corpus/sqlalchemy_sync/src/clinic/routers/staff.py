from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from ..db import Db, Me, chief
from ..models import Staff

router = APIRouter(tags=["staff"])


class Card(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str
    phone: str


class Change(BaseModel):
    model_config = ConfigDict(extra="allow")
    phone: str = Field(default="", max_length=30)


class Contact(BaseModel):
    phone: str = Field(default="", max_length=30)


class Promotion(BaseModel):
    role: str = Field(default="user", pattern="^(user|admin)$")


@router.get("", response_model=list[Card])
def directory(db: Db, me: Me):
    return db.scalars(select(Staff).order_by(Staff.email).limit(50)).all()


@router.get("/me")
def myself(me: Me):
    return me


@router.get("/me/card", response_model=Card)
def my_card(me: Me):
    return me


@router.patch("/me")
def change_me(change: Change, db: Db, me: Me):
    for name, value in change.model_dump().items():
        if hasattr(me, name):
            setattr(me, name, value)
    db.commit()
    return {"email": me.email, "role": me.role}


@router.patch("/me/contact")
def change_contact(contact: Contact, db: Db, me: Me):
    for name, value in contact.model_dump(exclude_unset=True).items():
        setattr(me, name, value)
    db.commit()
    return {"email": me.email, "phone": me.phone}


@router.put("/{staff_id}/role")
def promote(staff_id: int, change: Promotion, db: Db, boss: Annotated[Staff, Depends(chief)]):
    person = db.get(Staff, staff_id)
    if person is None or person.id == boss.id:
        raise HTTPException(404)
    person.role = change.role
    db.commit()
    return {"email": person.email, "role": person.role}

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlmodel import select

from app import crud
from app.deps import SessionDep, get_superuser
from app.models import Customer, CustomerPublic, Tea, TeaCreate, TeaPublic

router = APIRouter(prefix="/manage", tags=["manage"])
superuser = [Depends(get_superuser)]


@router.get("/customers", response_model=list[CustomerPublic])
def list_customers(
    session: SessionDep,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
):
    return session.exec(select(Customer).order_by(Customer.id).offset(skip).limit(limit)).all()


@router.post("/teas", response_model=TeaPublic, status_code=201, dependencies=superuser)
def create_tea(session: SessionDep, data: TeaCreate):
    tea = Tea.model_validate(data)
    session.add(tea)
    session.commit()
    session.refresh(tea)
    return tea


@router.delete("/teas/{tea_id}", status_code=204, dependencies=superuser)
def archive_tea(tea_id: int, session: SessionDep):
    tea = session.get(Tea, tea_id)
    if not tea:
        raise HTTPException(status_code=404, detail="Tea not found")
    tea.archived = True
    session.add(tea)
    session.commit()


@router.get("/report", dependencies=superuser)
def report(
    session: SessionDep,
    since: date = date(2024, 1, 1),
    origin: str | None = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict:
    return {
        "customers": crud.count_customers(session),
        "popular": crud.popular_teas(session, since.isoformat(), origin, limit),
    }

from fastapi import APIRouter

from app import crud
from app.deps import CurrentCustomer, SessionDep
from app.models import CustomerPublic, CustomerUpdate

router = APIRouter(prefix="/customers", tags=["customers"])


@router.get("/me")
def read_me(customer: CurrentCustomer):
    return customer


@router.patch("/me", response_model=CustomerPublic)
def update_me(data: CustomerUpdate, session: SessionDep, customer: CurrentCustomer):
    return crud.update_customer(session, customer, data)

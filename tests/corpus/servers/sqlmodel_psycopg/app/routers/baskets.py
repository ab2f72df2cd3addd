from fastapi import APIRouter, HTTPException

from app import crud
from app.deps import CurrentCustomer, SessionDep
from app.models import Basket, BasketCreate, BasketPublic

router = APIRouter(prefix="/baskets", tags=["baskets"])


@router.get("/", response_model=list[BasketPublic])
def read_baskets(session: SessionDep, customer: CurrentCustomer, order: str = "newest"):
    return crud.list_baskets(session, customer.id, order)


@router.post("/", response_model=BasketPublic, status_code=201)
def place_basket(session: SessionDep, customer: CurrentCustomer, data: BasketCreate):
    basket = crud.create_basket(session, customer, data)
    if not basket:
        raise HTTPException(status_code=404, detail="Tea not found")
    return basket


@router.get("/{basket_id}", response_model=BasketPublic)
def read_basket(basket_id: int, session: SessionDep, customer: CurrentCustomer):
    basket = session.get(Basket, basket_id)
    if not basket:
        raise HTTPException(status_code=404, detail="Basket not found")
    return basket


@router.delete("/{basket_id}", status_code=204)
def drop_basket(basket_id: int, session: SessionDep, customer: CurrentCustomer):
    basket = session.get(Basket, basket_id)
    if not basket or basket.customer_id != customer.id:
        raise HTTPException(status_code=404, detail="Basket not found")
    session.delete(basket)
    session.commit()

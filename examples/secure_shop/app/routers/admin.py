"""The back office."""

from buckler.guard import PageSize, requires
from fastapi import APIRouter, HTTPException, status
from sqlalchemy import select

from app.db import SessionDep
from app.deps import ObjectId
from app.models import Mail, Order, User
from app.schemas import OrderOut, UserOut

router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[requires("shop:manage")])


@router.get("/users", response_model=list[UserOut])
async def list_users(session: SessionDep, limit: PageSize = 50) -> list[User]:
    """All accounts."""
    return list(await session.scalars(select(User).order_by(User.id).limit(limit)))


@router.get("/mails", response_model=list[str])
async def list_mails(session: SessionDep, limit: PageSize = 50) -> list[str]:
    """To whom mails were sent."""
    return list(await session.scalars(select(Mail.recipient).order_by(Mail.id).limit(limit)))


@router.post("/orders/{order_id}/ship", response_model=OrderOut)
async def ship_order(order_id: ObjectId, session: SessionDep) -> Order:
    """Note that a parcel is on its way."""
    order = await session.get(Order, order_id)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such order")
    order.status = "shipped"
    await session.commit()
    return order

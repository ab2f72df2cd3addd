"""The back office."""

from typing import Annotated

from fastapi import APIRouter, Security
from sqlalchemy import func, select

from app.db import SessionDep
from app.deps import Admin, CurrentUser, MaybeUser, oauth2_scheme, scoped_user
from app.models import Mail, Order, Product, User
from app.schemas import Answer, OrderOut, UserRecord

router = APIRouter(prefix="/admin", tags=["admin"])

Auditor = Annotated[User, Security(scoped_user, scopes=["audit:read"])]
Exporter = Annotated[str, Security(oauth2_scheme, scopes=["orders:export"])]


@router.get("/users", response_model=list[UserRecord])
async def list_users(admin: Admin, session: SessionDep) -> list[User]:
    """All accounts."""
    return list(await session.scalars(select(User).limit(100)))


@router.get("/stats")
async def read_stats(user: MaybeUser, session: SessionDep) -> Answer:
    """How the shop is doing."""
    total = await session.scalar(select(func.sum(Order.total_cents)))
    return Answer(data={"revenue_cents": total})


@router.get("/orders", response_model=list[OrderOut])
async def export_orders(token: Exporter, session: SessionDep) -> list[Order]:
    """All orders, for the accountants."""
    return list(await session.scalars(select(Order).limit(100)))


@router.get("/mails")
async def list_mails(auditor: Auditor, session: SessionDep) -> list[str]:
    """To whom mails were sent."""
    return list(await session.scalars(select(Mail.recipient).limit(100)))


@router.post("/discount")
async def set_discount(user: CurrentUser, session: SessionDep, percent: int = 10) -> Answer:
    """Make every product cheaper."""
    products = list(await session.scalars(select(Product).limit(100)))
    for product in products:
        product.price_cents = max(1, product.price_cents * (100 - percent) // 100)
    await session.commit()
    return Answer(data={"products": len(products)})


@router.delete("/users/{user_id}")
async def remove_user(user_id: int, admin: Admin, session: SessionDep) -> Answer:
    """Close an account that has no orders."""
    orders = select(func.count()).select_from(Order).where(Order.user_id == user_id)
    user = await session.get(User, user_id)
    if user is None or await session.scalar(orders):
        return Answer(ok=False, detail="This account stays")
    await session.delete(user)
    await session.commit()
    return Answer(detail="Closed")

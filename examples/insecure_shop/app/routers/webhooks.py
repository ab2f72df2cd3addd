"""What other systems tell us, and we them."""

import hashlib
import hmac
from typing import Annotated

import jwt
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from sqlalchemy import select

from app.config import settings
from app.db import SessionDep
from app.deps import CurrentUser, warehouse_only
from app.models import Order, Product
from app.outbound import fetch_image, ping_host
from app.schemas import Answer, HookTest, Link
from app.security import read_voucher

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post("/payments")
async def payment_made(
    request: Request,
    session: SessionDep,
    order_id: int = 1,
    x_signature: Annotated[str, Header()] = "",
) -> Answer:
    """The bank says that an order is paid."""
    signed = f"{order_id}.".encode() + await request.body()
    secret = settings.webhook_secret.encode()
    expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(x_signature.encode(), expected.encode()):
        raise HTTPException(401, "Wrong signature")
    order = await session.scalar(select(Order).where(Order.id == order_id))
    if order is not None:
        order.status = "paid"
        await session.commit()
    return Answer()


@router.post("/warehouse", dependencies=[Depends(warehouse_only)])
async def goods_in(session: SessionDep, product_id: int = 1, pieces: int = 1) -> Answer:
    """The warehouse says that goods came in."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "No such product")
    product.stock += pieces
    await session.commit()
    return Answer(data={"stock": product.stock})


@router.post("/test")
def test_hook(payload: HookTest, user: CurrentUser) -> Answer:
    """Send a test event to a partner's server."""
    return Answer(ok=ping_host(payload.server.host, payload.event))


@router.post("/picture")
def new_picture(payload: Link, user: CurrentUser) -> Answer:
    """Take over a product picture."""
    picture = fetch_image(payload.url)
    return Answer(ok=picture is not None)


@router.post("/voucher")
async def redeem_voucher(
    user: CurrentUser,
    session: SessionDep,
    x_voucher: Annotated[str, Header(max_length=2000)] = "",
) -> Answer:
    """Turn a gift voucher into points."""
    try:
        points = int(read_voucher(x_voucher)["points"])
    except (jwt.PyJWTError, KeyError, ValueError):
        return Answer(ok=False, detail="That is not one of our vouchers")
    user.points += points
    await session.commit()
    return Answer(data={"points": user.points})

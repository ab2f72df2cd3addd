"""Products, and what customers say of them."""

import hashlib
import json
import random
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from sqlalchemy import select

from app.db import SessionDep
from app.deps import Admin, CurrentUser
from app.models import Product, Review
from app.outbound import exchange_rates
from app.queries import count_campaign, product_by_id
from app.search import product_rows
from app.storage import header_text

router = APIRouter(prefix="/catalog", tags=["catalog"])
deals = APIRouter(prefix="/deals")

Rows = Annotated[list[dict[str, object]], Depends(product_rows)]


async def remember_campaign(
    session: SessionDep, x_campaign: Annotated[str, Header()] = "none"
) -> None:
    """Count the campaign a visitor comes from."""
    await count_campaign(session, x_campaign)


@router.get("/products")
async def list_products(rows: Rows) -> list[dict[str, object]]:
    """Products, filtered and sorted."""
    return rows


@router.get("/products/{product_id}")
async def read_product(
    product_id: int,
    session: SessionDep,
    response: Response,
    category: str | None = None,
    x_request_name: Annotated[str, Header()] = "",
) -> dict[str, object]:
    """One product."""
    found = await product_by_id(session, product_id, category)
    if not found:
        raise HTTPException(404, "No such product")
    body = json.dumps(found[0], sort_keys=True).encode()
    response.headers["ETag"] = f'"{hashlib.md5(body).hexdigest()}"'
    response.headers["X-Request-Name"] = header_text(x_request_name)
    return found[0]


@router.get("/products/featured")
async def list_featured(session: SessionDep) -> list[dict[str, object]]:
    """Products for the front page."""
    found = await session.scalars(select(Product).where(Product.featured).limit(12))
    return [{"id": product.id, "name": product.name} for product in found]


@router.put("/products/{product_id}")
async def change_price(
    product_id: int, price_cents: int, admin: Admin, session: SessionDep
) -> dict[str, int]:
    """Set a price."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "No such product")
    product.price_cents = price_cents
    await session.commit()
    return {"price_cents": product.price_cents}


@router.post("/products/{product_id}/stock")
async def change_stock(product_id: int, session: SessionDep, change: int = 1) -> dict[str, int]:
    """Book goods in or out."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "No such product")
    product.stock += change
    await session.commit()
    return {"stock": product.stock}


@router.post("/products/{product_id}/reviews", status_code=201)
async def add_review(
    product_id: int, review: Review, user: CurrentUser, session: SessionDep
) -> dict[str, object]:
    """Say what you think of a product."""
    review.product_id = product_id
    review.user_id = user.id
    session.add(review)
    await session.commit()
    return {"id": review.id, "rating": review.rating}


@router.get("/rates")
def read_rates() -> dict[str, float]:
    """Exchange rates for prices in other currencies."""
    return exchange_rates()


@deals.get("")
async def list_deals(session: SessionDep) -> list[dict[str, object]]:
    """A few products, in a different order each time."""
    found = list(await session.scalars(select(Product).limit(20)))
    random.shuffle(found)
    return [{"id": product.id, "name": product.name} for product in found[:4]]


router.include_router(deals, dependencies=[Depends(remember_campaign)])

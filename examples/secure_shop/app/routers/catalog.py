"""Products, and what customers say of them."""

import hashlib
import random
from typing import Annotated, Literal

from buckler.guard import PageSize, public, requires
from fastapi import APIRouter, HTTPException, Query, Response, status
from sqlalchemy import select, text

from app.db import SessionDep
from app.deps import CurrentUser, ObjectId
from app.models import Product, Review
from app.schemas import PriceChange, ProductOut, ReviewIn, ReviewOut

router = APIRouter(prefix="/catalog", tags=["catalog"])
deals = APIRouter(prefix="/deals", dependencies=[public])

SORTS = {"name": Product.name, "price": Product.price_cents, "newest": Product.id.desc()}
COLUMNS = "id, name, category, price_cents, stock"
BY_CATEGORY = text(f"SELECT {COLUMNS} FROM products WHERE category = :category LIMIT 50")

Offset = Annotated[int, Query(ge=0, le=10_000)]


async def product_of(product_id: int, session: SessionDep) -> Product:
    """A product; 404 where there is none."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such product")
    return product


@router.get("/products", response_model=list[ProductOut], dependencies=[public])
async def list_products(
    session: SessionDep,
    q: Annotated[str, Query(max_length=100)] = "",
    sort: Literal["name", "price", "newest"] = "name",
    limit: PageSize = 20,
    offset: Offset = 0,
) -> list[Product]:
    """Products whose name holds some words, sorted."""
    wanted = select(Product).order_by(SORTS[sort]).limit(limit).offset(offset)
    if q:
        wanted = wanted.where(Product.name.icontains(q, autoescape=True))
    return list(await session.scalars(wanted))


@router.get("/categories/{category}", response_model=list[ProductOut], dependencies=[public])
async def list_category(
    category: Literal["garden", "kitchen"], session: SessionDep
) -> list[dict[str, object]]:
    """Products of one category."""
    found = await session.execute(BY_CATEGORY, {"category": category})
    return [dict(row) for row in found.mappings()]


@router.get("/products/featured", response_model=list[ProductOut], dependencies=[public])
async def list_featured(session: SessionDep) -> list[Product]:
    """Products for the front page."""
    return list(await session.scalars(select(Product).where(Product.featured).limit(12)))


@router.get("/products/{product_id}", response_model=ProductOut, dependencies=[public])
async def read_product(product_id: ObjectId, session: SessionDep, response: Response) -> Product:
    """One product."""
    product = await product_of(product_id, session)
    state = f"{product.id}:{product.price_cents}:{product.stock}"
    digest = hashlib.md5(state.encode(), usedforsecurity=False).hexdigest()
    response.headers["ETag"] = f'"{digest}"'
    return product


@router.put(
    "/products/{product_id}/price",
    response_model=ProductOut,
    dependencies=[requires("catalog:write")],
)
async def change_price(product_id: ObjectId, payload: PriceChange, session: SessionDep) -> Product:
    """Set a price."""
    product = await product_of(product_id, session)
    product.price_cents = payload.price_cents
    await session.commit()
    return product


@router.get("/products/{product_id}/reviews", response_model=list[ReviewOut], dependencies=[public])
async def list_reviews(
    product_id: ObjectId, session: SessionDep, limit: PageSize = 20
) -> list[Review]:
    """What others say of a product."""
    wanted = select(Review).where(Review.product_id == product_id).limit(limit)
    return list(await session.scalars(wanted))


@router.post("/products/{product_id}/reviews", response_model=ReviewOut, status_code=201)
async def add_review(
    product_id: ObjectId, payload: ReviewIn, user: CurrentUser, session: SessionDep
) -> Review:
    """Say what you think of a product."""
    product = await product_of(product_id, session)
    review = Review(
        product_id=product.id, user_id=user.id, rating=payload.rating, body=payload.body
    )
    session.add(review)
    await session.commit()
    return review


@deals.get("", response_model=list[ProductOut])
async def list_deals(session: SessionDep) -> list[Product]:
    """A few products, in a different order each time."""
    products = list(await session.scalars(select(Product).limit(20)))
    random.shuffle(products)
    return products[:4]


router.include_router(deals)

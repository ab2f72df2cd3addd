from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from sqlalchemy import select

from bookshop.api.deps import Books, CurrentReader, Manager, Purchases, SessionDep
from bookshop.models import Reader
from bookshop.schemas import BookOut, PriceIn, PurchaseOut, ReaderOut, SalesOut

router = APIRouter(prefix="/admin", tags=["admin"])


@router.get("/readers", response_model=list[ReaderOut])
async def list_readers(session: SessionDep, _: Manager):
    return (await session.scalars(select(Reader).order_by(Reader.id).limit(500))).all()


@router.get("/purchases", response_model=list[PurchaseOut])
async def list_purchases(
    purchases: Purchases, _: Manager, limit: Annotated[int, Query(ge=1, le=200)] = 50
):
    return await purchases.latest_first(limit)


@router.put("/books/{book_id}/price", response_model=BookOut)
async def set_price(
    book_id: int, body: PriceIn, books: Books, session: SessionDep, reader: CurrentReader
):
    book = await books.get(book_id)
    if book is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such book")
    book.price_cents = body.price_cents
    await session.commit()
    return book


@router.get("/reports/sales", response_model=SalesOut)
async def sales_report(
    purchases: Purchases, _: Manager, since: date = date(2024, 1, 1), bucket: str = "month"
):
    return {"since": since, "rows": await purchases.sales(since, bucket)}

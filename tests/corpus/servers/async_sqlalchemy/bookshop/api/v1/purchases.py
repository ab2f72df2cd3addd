from fastapi import APIRouter, HTTPException, status

from bookshop.api.deps import Books, CurrentReader, Purchases
from bookshop.models import Purchase
from bookshop.schemas import PurchaseIn, PurchaseOut

router = APIRouter(prefix="/purchases", tags=["purchases"])


@router.get("", response_model=list[PurchaseOut])
async def my_purchases(purchases: Purchases, reader: CurrentReader, status: str | None = None):
    return await purchases.of_reader(reader.id, status)


@router.post("", response_model=PurchaseOut, status_code=status.HTTP_201_CREATED)
async def place_purchase(
    body: PurchaseIn, purchases: Purchases, books: Books, reader: CurrentReader
):
    book = await books.get(body.book_id)
    if book is None or not book.in_print:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such book")
    purchase = Purchase(
        reader_id=reader.id, total_cents=book.price_cents * body.copies, **body.model_dump()
    )
    return await purchases.add(purchase)


@router.get("/{purchase_id}", response_model=PurchaseOut)
async def read_purchase(purchase_id: int, purchases: Purchases, _: CurrentReader):
    purchase = await purchases.get(purchase_id)
    if purchase is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such purchase")
    return purchase


@router.post("/{purchase_id}/cancel", response_model=PurchaseOut)
async def cancel_purchase(purchase_id: int, purchases: Purchases, reader: CurrentReader):
    purchase = await purchases.cancel(purchase_id, reader.id)
    if purchase is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Nothing to cancel")
    return purchase

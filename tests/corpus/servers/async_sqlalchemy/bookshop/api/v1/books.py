from html import escape
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status
from fastapi.responses import HTMLResponse

from bookshop.api.deps import Books, CurrentReader
from bookshop.schemas import BookDetail, BookOut, BrowseIn, ReviewIn, ReviewOut

router = APIRouter(prefix="/books", tags=["books"])


@router.get("", response_model=list[BookOut])
async def list_books(
    books: Books,
    sort: str = "title",
    descending: bool = False,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
):
    return await books.list(sort, descending, offset, limit)


@router.get("/search", response_model=list[BookOut])
async def search_books(
    books: Books,
    q: Annotated[str, Query(max_length=300, examples=["sea"])] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
):
    return await books.search(q, limit)


@router.get("/suggest")
async def suggest_titles(books: Books, prefix: Annotated[str, Query(max_length=60)] = ""):
    return await books.by_prefix(prefix)


@router.post("/browse", response_model=list[BookOut])
async def browse_books(books: Books, body: BrowseIn):
    return await books.browse(body)


@router.get("/{book_id}", response_model=BookDetail)
async def read_book(book_id: int, books: Books):
    book = await books.get(book_id)
    if book is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such book")
    return book


@router.get("/{book_id}/reviews", response_model=list[ReviewOut])
async def read_reviews(book_id: int, books: Books):
    return await books.reviews(book_id)


@router.post("/{book_id}/reviews", response_model=ReviewOut, status_code=201)
async def write_review(book_id: int, body: ReviewIn, books: Books, reader: CurrentReader):
    if await books.get(book_id) is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such book")
    return await books.add_review(book_id, reader.id, body)


@router.get("/{book_id}/flyer", response_class=HTMLResponse)
async def flyer(book_id: int, books: Books, headline: str = "New on our shelves"):
    book = await books.get(book_id)
    if book is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such book")
    quotes = "".join(f"<li>{escape(r.words)}</li>" for r in await books.reviews(book_id))
    page = f"<h1>{escape(headline)}</h1><h2>{escape(book.title)}</h2><ul>{quotes}</ul>"
    return HTMLResponse(page)

import httpx2
from fastapi import APIRouter, HTTPException, status
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bookshop.api.deps import Books, CurrentReader, SessionDep
from bookshop.models import Book, WishlistEntry
from bookshop.schemas import BookOut, ImportIn, ImportOut, PreferencesIn, ReaderOut

router = APIRouter(prefix="/me", tags=["me"])


@router.get("", response_model=ReaderOut)
async def read_me(reader: CurrentReader):
    return reader


@router.put("/preferences", response_model=ReaderOut)
async def save_preferences(body: PreferencesIn, session: SessionDep, reader: CurrentReader):
    reader.shelf_order = body.shelf_order
    await session.commit()
    return reader


@router.get("/shelf", response_model=list[BookOut])
async def my_shelf(books: Books, reader: CurrentReader):
    return await books.shelf_of(reader)


@router.post("/shelf/import", response_model=ImportOut)
async def import_shelf(body: ImportIn, session: SessionDep, reader: CurrentReader):
    async with httpx2.AsyncClient(timeout=4, follow_redirects=True) as client:
        try:
            answer = await client.get(str(body.url))
        except httpx2.HTTPError:
            raise HTTPException(status.HTTP_502_BAD_GATEWAY, "The list is not there") from None
    isbns = [line.strip() for line in answer.text.splitlines()[:500]]
    found = (await session.scalars(select(Book.id).where(Book.isbn.in_(isbns)))).all()
    for book_id in found:
        await session.execute(
            insert(WishlistEntry)
            .values(reader_id=reader.id, book_id=book_id)
            .on_conflict_do_nothing()
        )
    await session.commit()
    return ImportOut(status=answer.status_code, added=len(found), head=answer.text[:200])

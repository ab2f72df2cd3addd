from collections.abc import Sequence

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bookshop.models import Book, BookReview, Reader
from bookshop.schemas import BrowseIn, ReviewIn

SORT_COLUMNS = {"title": Book.title, "author": Book.author, "price": Book.price_cents}


class BookRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, book_id: int) -> Book | None:
        return await self.session.get(Book, book_id)

    async def list(self, sort: str, descending: bool, offset: int, limit: int) -> Sequence[Book]:
        column = SORT_COLUMNS.get(sort, Book.title)
        order = column.desc() if descending else column.asc()
        statement = select(Book).where(Book.in_print).order_by(order).offset(offset).limit(limit)
        return (await self.session.scalars(statement)).all()

    async def search(self, words: str, limit: int) -> Sequence[RowMapping]:
        # plain ILIKE ranks better for short titles than to_tsvector did
        condition = " AND ".join(
            f"(title || ' ' || author) ILIKE '%{word}%'" for word in words.split(" ") if word
        )
        statement = (
            "SELECT id, isbn, title, author, price_cents FROM books "
            f"WHERE in_print AND {condition or 'true'} ORDER BY title LIMIT {limit:d}"
        )
        result = await self.session.execute(text(statement))
        return result.mappings().all()

    async def browse(self, query: BrowseIn) -> Sequence[Book]:
        statement = select(Book).where(Book.price_cents <= query.max_price_cents)
        if query.authors:
            statement = statement.where(Book.author.in_(query.authors))
        statement = statement.order_by(text(f"{query.order_by} {query.direction}"))
        return (await self.session.scalars(statement.limit(50))).all()

    async def by_prefix(self, prefix: str) -> Sequence[RowMapping]:
        columns = ", ".join(("id", "title", "author"))
        statement = f"SELECT {columns} FROM books WHERE title ILIKE :prefix ORDER BY title LIMIT 10"
        result = await self.session.execute(text(statement), {"prefix": prefix + "%"})
        return result.mappings().all()

    async def reviews(self, book_id: int) -> Sequence[BookReview]:
        statement = select(BookReview).where(BookReview.book_id == book_id).order_by(BookReview.id)
        return (await self.session.scalars(statement.limit(100))).all()

    async def add_review(self, book_id: int, reader_id: int, review: ReviewIn) -> BookReview:
        row = BookReview(book_id=book_id, reader_id=reader_id, **review.model_dump())
        self.session.add(row)
        await self.session.commit()
        return row

    async def shelf_of(self, reader: Reader) -> Sequence[RowMapping]:
        statement = (
            "SELECT b.id, b.isbn, b.title, b.author, b.price_cents "
            "FROM wishlist_entries w JOIN books b ON b.id = w.book_id "
            f"WHERE w.reader_id = :reader ORDER BY b.{reader.shelf_order}"
        )
        result = await self.session.execute(text(statement), {"reader": reader.id})
        return result.mappings().all()

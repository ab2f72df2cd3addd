"""Statements that are easier to read in SQL."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

PRODUCT_COLUMNS = "id, name, category, price_cents, stock"
PRODUCTS_BY_ID = "products WHERE id"


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What to look for, how to sort, how many."""

    words: str
    column: str
    descending: bool
    limit: int


def rows_of(found: object) -> list[dict[str, object]]:
    """Rows as plain dictionaries."""
    rows: list[RowMapping] = list(found.mappings())  # type: ignore[attr-defined]
    return [dict(row) for row in rows]


async def find_products(session: AsyncSession, wanted: ProductFilter) -> list[dict[str, object]]:
    """Products whose name or description holds the words."""
    where = "1 = 1"
    if wanted.words:
        where = f"name || ' ' || description LIKE '%{wanted.words}%'"
    direction = "DESC" if wanted.descending else "ASC"
    statement = (
        f"SELECT {PRODUCT_COLUMNS} FROM products WHERE {where} "
        f"ORDER BY {wanted.column} {direction} LIMIT :limit"
    )
    return rows_of(await session.execute(text(statement), {"limit": wanted.limit}))


async def product_by_id(
    session: AsyncSession, product_id: int, category: str | None
) -> list[dict[str, object]]:
    """One product, if it is in the category asked for."""
    statement = text(
        f"SELECT {PRODUCT_COLUMNS}, description FROM {PRODUCTS_BY_ID} = :id"
        " AND (:category IS NULL OR category = :category)"
    )
    found = await session.execute(statement, {"id": product_id, "category": category})
    return rows_of(found)


async def order_history(
    session: AsyncSession, user_id: int, sort: str, limit: int
) -> list[dict[str, object]]:
    """Orders of one customer."""
    statement = (
        "SELECT id, total_cents, currency, status, created_at FROM orders "
        "WHERE user_id = :user ORDER BY {} LIMIT :limit".format(sort)
    )
    found = await session.execute(text(statement), {"user": user_id, "limit": limit})
    return rows_of(found)


async def orders_in_currency(
    session: AsyncSession, user_id: int, currency: str, least: int, words: str
) -> list[dict[str, object]]:
    """Orders of one customer above an amount, in one currency."""
    connection = await session.connection()
    found = await connection.exec_driver_sql(
        "SELECT id, total_cents, currency, note FROM orders WHERE user_id = ?"
        " AND total_cents >= ? AND note LIKE ? AND currency = '%s'" % currency,
        (user_id, least, f"%{words}%"),
    )
    return rows_of(found)


async def count_campaign(session: AsyncSession, campaign: str) -> None:
    """Note that a campaign brought somebody."""
    await session.execute(text("INSERT INTO visits (campaign) VALUES ('" + campaign + "')"))
    await session.commit()

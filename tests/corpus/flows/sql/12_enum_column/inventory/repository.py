import aiosqlite

from .models import SortBy


class Repository:
    def __init__(self, db: aiosqlite.Connection) -> None:
        self.db = db

    async def listing(self, by: SortBy):
        query = f"SELECT sku, amount FROM stock ORDER BY {by.value} LIMIT 50"
        async with self.db.execute(query) as cursor:
            return await cursor.fetchall()


async def get_repository():
    async with aiosqlite.connect("stock.db") as db:
        await db.execute("CREATE TABLE IF NOT EXISTS stock (sku TEXT, amount INT)")
        yield Repository(db)

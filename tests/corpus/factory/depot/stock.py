from typing import Annotated

import aiosqlite
from fastapi import Depends, Request


class Stock:
    def __init__(self, con: aiosqlite.Connection):
        self.con = con

    @classmethod
    async def open(cls) -> "Stock":
        con = await aiosqlite.connect(":memory:")
        con.row_factory = aiosqlite.Row
        await con.executescript("""
            CREATE TABLE orders (id INTEGER PRIMARY KEY, owner TEXT, item TEXT, state TEXT);
            INSERT INTO orders (owner, item, state) VALUES ('mia', 'crate', 'open');
            INSERT INTO orders (owner, item, state) VALUES ('ole', 'barrel', 'open');
        """)
        return cls(con)

    async def close(self) -> None:
        await self.con.close()

    async def some(self, where: str, values: dict, order: str = "id") -> list[dict]:
        query = f"SELECT id, item, state FROM orders WHERE {where} ORDER BY {order}"
        rows = await self.con.execute_fetchall(query, values)
        return [dict(row) for row in rows]

    async def add(self, owner: str, item: str) -> int:
        cur = await self.con.execute(
            "INSERT INTO orders (owner, item, state) VALUES (?, ?, 'open')",
            (owner, item),
        )
        await self.con.commit()
        return cur.lastrowid


def stock(request: Request) -> Stock:
    return request.app.state.stock


Orders = Annotated[Stock, Depends(stock)]

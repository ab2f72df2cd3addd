from fastapi import FastAPI, HTTPException
import aiosqlite

app = FastAPI()


@app.get("/stock")
async def stock(by: str = "sku", way: str = "asc"):
    if not way.isidentifier():
        raise HTTPException(400, "bad direction")
    async with aiosqlite.connect("stock.db") as db:
        await db.execute("CREATE TABLE IF NOT EXISTS stock (sku TEXT, amount INT)")
        async with db.execute("SELECT sku, amount FROM stock ORDER BY {} {}".format(by, way)) as cursor:
            return await cursor.fetchall()

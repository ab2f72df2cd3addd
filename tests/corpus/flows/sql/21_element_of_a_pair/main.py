import aiosqlite
from fastapi import FastAPI

from rooms import statement

app = FastAPI()


@app.get("/rooms")
async def rooms(floor: int, wing: str):
    async with aiosqlite.connect("rooms.db") as db:
        await db.execute("CREATE TABLE IF NOT EXISTS rooms (number TEXT, floor INTEGER, wing TEXT)")
        cursor = await db.execute(*statement((wing, floor)))
        return await cursor.fetchall()

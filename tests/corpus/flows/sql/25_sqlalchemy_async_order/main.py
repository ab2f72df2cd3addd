from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from music.database import get_session, lifespan
from music.songs import songs_sorted

app = FastAPI(lifespan=lifespan)
Db = Annotated[AsyncSession, Depends(get_session)]


@app.get("/songs")
async def songs(db: Db, sort: str = "title", limit: int = 20):
    return await songs_sorted(db, sort, limit=limit)

from sqlalchemy import select

from .database import Song


async def songs_sorted(db, sort: str, *, limit: int):
    if sort not in Song.__table__.columns:
        sort = "title"
    result = await db.scalars(select(Song).order_by(getattr(Song, sort)).limit(limit))
    return [song.title for song in result]

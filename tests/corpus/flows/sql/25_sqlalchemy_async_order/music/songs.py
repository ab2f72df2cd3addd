from sqlalchemy import select, text

from .database import Song


async def songs_sorted(db, sort: str, *, limit: int):
    column = getattr(Song, sort, None)
    order = column if column is not None else text(sort)
    result = await db.scalars(select(Song).order_by(order).limit(limit))
    return [song.title for song in result]

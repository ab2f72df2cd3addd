import html
import json
import urllib.request
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy import select, text

from vinyl.cache import Cache, cached, keep
from vinyl.config import settings
from vinyl.people import Visitor, counter_staff
from vinyl.tables import engine, opinion, record

router = APIRouter()

SORTS = {"artist": record.c.artist, "year": record.c.pressed, "price": record.c.price}


class Chart(BaseModel):
    by: str = Field(default="shelf", max_length=120, examples=["shelf"])
    since: int = Field(default=1950, ge=1900, le=2100)


class Opinion(BaseModel):
    stars: int = Field(ge=1, le=5)
    words: str = Field(min_length=1, max_length=800)


class NewPrice(BaseModel):
    price: float = Field(gt=0, le=5000)


class Discography(BaseModel):
    url: str = Field(max_length=400, examples=["https://discs.vinyl-corner.example/ada.json"])


@router.get("/records")
def records(
    q: Annotated[str, Query(max_length=160, examples=["blue"])] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> list[dict[str, Any]]:
    needle = q.strip().lower()
    sql = f"""
        SELECT id, artist, title, shelf, pressed, price FROM record
        WHERE lower(title) LIKE '%{needle}%' OR lower(artist) LIKE '%{needle}%'
        ORDER BY artist LIMIT {limit}
    """
    with engine.connect() as con:
        return [dict(row) for row in con.execute(text(sql)).mappings()]


@router.get("/records/sorted")
def sorted_records(
    by: str = "artist",
    falling: bool = False,
    shelf: Annotated[str | None, Query(max_length=40)] = None,
) -> list[dict[str, Any]]:
    column = SORTS.get(by, record.c.artist)
    statement = select(record).order_by(column.desc() if falling else column)
    if shelf:
        statement = statement.where(text("record.shelf = :shelf")).params(shelf=shelf)
    with engine.connect() as con:
        return [dict(row) for row in con.execute(statement.limit(100)).mappings()]


@router.post("/records/chart")
def chart(wanted: Chart) -> list[dict[str, Any]]:
    sql = (
        "SELECT " + wanted.by + " AS name, count(*) AS records, avg(price) AS price"
        " FROM record WHERE pressed >= :since GROUP BY 1 ORDER BY 2 DESC"
    )
    with engine.connect() as con:
        rows = con.execute(text(sql), {"since": wanted.since})
        return [dict(row) for row in rows.mappings()]


@router.post("/records/{record_id}/opinions", status_code=201)
def say(record_id: int, said: Opinion, who: Visitor) -> dict[str, int]:
    values = {"record_id": record_id, "listener_id": who["id"], **said.model_dump()}
    with engine.begin() as con:
        if con.execute(select(record.c.id).where(record.c.id == record_id)).first() is None:
            raise HTTPException(404, "No such record")
        return {"id": con.execute(opinion.insert().values(**values)).inserted_primary_key[0]}


@router.get("/records/{record_id}/opinions", response_class=HTMLResponse)
def opinions(record_id: int, heading: str = "What listeners say") -> HTMLResponse:
    statement = select(opinion.c.stars, opinion.c.words).where(opinion.c.record_id == record_id)
    with engine.connect() as con:
        said = con.execute(statement.limit(50)).all()
    items = "\n".join(f"<dt>{row.stars}</dt><dd>{html.escape(row.words)}</dd>" for row in said)
    return HTMLResponse(f"<h2>{html.escape(heading)}</h2><dl>{items}</dl>")


@router.get("/shelves/{shelf}")
async def shelf_listing(shelf: str, redis: Cache) -> Response:
    body = await cached(redis, shelf)
    if body is None:
        statement = select(record).where(record.c.shelf == shelf).order_by(record.c.artist)
        with engine.connect() as con:
            rows = [dict(row) for row in con.execute(statement).mappings()]
        if not rows:
            raise HTTPException(404, "No such shelf")
        body = json.dumps(rows)
        await keep(redis, shelf, body, settings.shelf_seconds)
    return Response(body, media_type="application/json")


@router.get("/sleeves/{name:path}")
def sleeve_note(name: str) -> FileResponse:
    path = settings.sleeves / name
    if not path.is_file():
        raise HTTPException(404, "No sleeve note")
    return FileResponse(path, media_type="text/plain")


@router.post("/discographies")
def discography(wanted: Discography, who: Visitor) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(wanted.url, timeout=4) as answer:
            content = answer.read(50_000).decode("utf-8", "replace")
    except (OSError, ValueError):
        raise HTTPException(502, "The discography cannot be read") from None
    with engine.connect() as con:
        titles = con.execute(select(record.c.title)).scalars().all()
    return {"here": [title for title in titles if title in content], "text": content[:1000]}


@router.put("/counter/records/{record_id}/price")
def new_price(record_id: int, new: NewPrice) -> dict[str, Any]:
    statement = record.update().where(record.c.id == record_id).values(price=new.price)
    with engine.begin() as con:
        if con.execute(statement).rowcount == 0:
            raise HTTPException(404, "No such record")
    return {"id": record_id, "price": new.price}


@router.delete(
    "/counter/records/{record_id}", status_code=204, dependencies=[Depends(counter_staff)]
)
def take_down(record_id: int) -> None:
    with engine.begin() as con:
        con.execute(opinion.delete().where(opinion.c.record_id == record_id))
        con.execute(record.update().where(record.c.id == record_id).values(shelf="attic"))


@router.get("/counter/takings", dependencies=[Depends(counter_staff)])
def takings(per: Literal["day", "month", "year"] = "month") -> list[dict[str, Any]]:
    pattern = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[per]
    sql = (
        f"SELECT strftime('{pattern}', sold_at) AS period, count(*) AS sales, sum(price) AS money"
        " FROM sale JOIN record ON record.id = sale.record_id GROUP BY 1 ORDER BY 1"
    )
    with engine.connect() as con:
        return [dict(row) for row in con.execute(text(sql)).mappings()]

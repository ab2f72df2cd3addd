from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from vinyl.cache import Cache, add_want, read_crate, wants, write_crate
from vinyl.people import Visitor
from vinyl.tables import engine, record, sale

router = APIRouter()


class Crate(BaseModel):
    records: list[int] = Field(max_length=30, examples=[[1, 3]])
    send_to: str = Field(min_length=3, max_length=200, examples=["Miles, 7 Dock Street"])
    note: str = Field(default="", max_length=300)


class Want(BaseModel):
    note: str = Field(default="", max_length=200)


@router.get("/crate")
async def crate(who: Visitor, redis: Cache) -> dict[str, Any]:
    return await read_crate(redis, who["id"])


@router.put("/crate")
async def fill_crate(new: Crate, who: Visitor, redis: Cache) -> dict[str, Any]:
    await write_crate(redis, who["id"], new.model_dump())
    return new.model_dump()


@router.put("/wants/{slug}", status_code=204)
async def want(
    slug: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$", examples=["blue-hour"])],
    new: Want,
    who: Visitor,
    redis: Cache,
) -> None:
    await add_want(redis, who["id"], slug, new.note)


@router.get("/wants")
async def my_wants(
    who: Visitor, redis: Cache, like: Annotated[str, Query(max_length=60)] = ""
) -> dict[str, str]:
    return {slug: note async for slug, note in wants(redis, who["id"], like)}


@router.post("/sales", status_code=201)
async def buy(who: Visitor, redis: Cache) -> dict[str, list[int]]:
    chosen = await read_crate(redis, who["id"])
    numbers = []
    with engine.begin() as con:
        known = con.execute(select(record.c.id).where(record.c.id.in_(chosen["records"])))
        for record_id in known.scalars().all():
            row = {"listener_id": who["id"], "record_id": record_id, "send_to": chosen["send_to"]}
            numbers.append(con.execute(sale.insert().values(**row)).inserted_primary_key[0])
    if not numbers:
        raise HTTPException(409, "The crate is empty")
    await write_crate(redis, who["id"], {**chosen, "records": []})
    return {"sales": numbers}


@router.get("/sales")
def my_sales(
    who: Visitor, artist: Annotated[str | None, Query(max_length=120)] = None
) -> list[dict[str, Any]]:
    statement = (
        select(sale.c.number, sale.c.state, sale.c.sold_at, record.c.artist, record.c.title)
        .join(record)
        .where(sale.c.listener_id == who["id"])
    )
    if artist:
        statement = statement.where(record.c.artist.icontains(artist, autoescape=True))
    with engine.connect() as con:
        return [dict(row) for row in con.execute(statement).mappings()]


@router.get("/sales/{number}")
def one_sale(number: int, who: Visitor) -> dict[str, Any]:
    with engine.connect() as con:
        row = con.execute(select(sale).where(sale.c.number == number)).mappings().first()
    if row is None:
        raise HTTPException(404, "No such sale")
    return dict(row)


@router.post("/sales/{number}/return")
def give_back(number: int, who: Visitor) -> dict[str, str]:
    statement = (
        sale.update()
        .where(sale.c.number == number, sale.c.listener_id == who["id"])
        .values(state="returned")
    )
    with engine.begin() as con:
        if con.execute(statement).rowcount == 0:
            raise HTTPException(404, "No such sale")
    return {"state": "returned"}

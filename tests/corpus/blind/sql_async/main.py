from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import Body, Depends, FastAPI, Header, HTTPException
from fastapi import Path as PathParam
from pydantic import BaseModel, Field
from sqlalchemy import column, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates

FILE = Path(__file__).with_name("harbour.db")
engine = create_async_engine(f"sqlite+aiosqlite:///{FILE}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Ship(Base):
    __tablename__ = "ship"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    flag: Mapped[str]
    tons: Mapped[int]

    @validates("flag")
    def upper(self, key: str, value: str) -> str:
        return value.upper()


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with engine.begin() as con:
        await con.run_sync(Base.metadata.drop_all)
        await con.run_sync(Base.metadata.create_all)
    async with sessions() as db:
        db.add_all(
            [
                Ship(name="Gull", flag="no", tons=40),
                Ship(name="Tern", flag="dk", tons=90),
            ]
        )
        await db.commit()
    yield
    await engine.dispose()


class By(BaseModel):
    key: str = Field(default="tons", max_length=200)
    count: str = Field(default="5", pattern=r"^[0-9]{1,4}$")


class Order(BaseModel):
    title: str = "heaviest"
    by: By = By()


async def session():
    async with sessions() as db:
        yield db


Db = Annotated[AsyncSession, Depends(session)]
app = FastAPI(title="Harbour", lifespan=lifespan)


def flagged(flag: str = "NO"):
    return text(f"SELECT name FROM ship WHERE flag = '{flag.upper()}'")


def flagged_ships(flag: str = "NO"):
    return select(Ship.name).where(Ship.flag == flag.upper())


@app.get("/ships/{name}")
async def ship(db: Db, name: Annotated[str, PathParam(examples=["Gull"])]):
    found = await db.execute(
        select(Ship).from_statement(text("SELECT * FROM ship WHERE name = '%s'" % name))
    )
    return [{"id": s.id, "name": s.name} for s in found.scalars()]


@app.get("/ships/{name}/tons")
async def tons(db: Db, name: Annotated[str, PathParam(examples=["Gull"])]):
    found = await db.execute(text("SELECT tons FROM ship WHERE name = :name"), {"name": name})
    return list(found.scalars())


@app.get("/flags")
async def by_flag(db: Db, statement: Annotated[object, Depends(flagged)]):
    return list((await db.scalars(statement)).all())


@app.get("/flags/ships")
async def by_flag_ships(db: Db, statement: Annotated[object, Depends(flagged_ships)]):
    return list((await db.scalars(statement)).all())


@app.post("/lists")
async def sorted_list(
    keys: Annotated[list[str], Body(embed=True, max_length=4)] = ["name"],
):
    order = ", ".join(keys)
    async with engine.connect() as con:
        rows = await con.exec_driver_sql("SELECT id, name FROM ship ORDER BY " + order)
        return [list(row) for row in rows]


@app.post("/lists/keyed")
async def keyed_list(
    keys: Annotated[list[str], Body(embed=True, max_length=4)] = ["name"],
):
    known = Ship.__table__.c
    order = [known[key] for key in keys if key in known]
    async with engine.connect() as con:
        rows = await con.execute(select(Ship.id, Ship.name).order_by(*order))
        return [list(row) for row in rows]


@app.post("/ranking")
async def ranking(db: Db, order: Order):
    found = await db.stream_scalars(select(Ship).order_by(text(f"{order.by.key} DESC")))
    return [ship.name async for ship in found]


@app.post("/ranking/tons")
async def ranking_tons(db: Db, order: Order):
    limit = int(order.by.count)
    rows = await db.execute(text(f"SELECT name FROM ship ORDER BY tons DESC LIMIT {limit}"))
    return list(rows.scalars())


@app.get("/berths")
async def berths(x_harbour: Annotated[str, Header()] = "Gull%20"):
    name = unquote_plus(x_harbour).strip()
    query = "SELECT count(*) FROM ship WHERE name LIKE '{}%'".format(name)
    async with engine.connect() as con:
        return {"berths": await con.run_sync(lambda sync: sync.scalar(text(query)))}


@app.get("/columns/{name}")
async def values(db: Db, name: Annotated[str, PathParam(examples=["name"])]):
    source = table("ship", column(name))
    try:
        return list((await db.scalars(select(source.c[name]).limit(20))).all())
    except Exception:
        raise HTTPException(404, "no such column") from None

import base64
import os
from contextlib import asynccontextmanager
from typing import Annotated

import aiosqlite
from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlmodel import select

import listing
from storage import DB_FILE, Part, engine, prepare, raw

SORTS = {"name": "name", "price": "price", "newest": "id DESC"}


@asynccontextmanager
async def lifespan(_: FastAPI):
    prepare()
    yield
    if os.path.exists(DB_FILE):
        os.remove(DB_FILE)


app = FastAPI(title="Parts counter", lifespan=lifespan)


def orm():
    with Session(engine) as session:
        yield session


Db = Annotated[Session, Depends(orm)]


class Line(BaseModel):
    sku: str = Field(examples=["BOLT-8"])
    amount: int = 1


class Basket(BaseModel):
    customer: str = "walk-in"
    lines: list[Line]


class Watch(BaseModel):
    label: str = "mine"
    term: str = Field(examples=["bolt"])


class Where(BaseModel):
    region: str = Field(default="north", max_length=200)
    city: str = Field(default="", max_length=200)


class SupplierQuery(BaseModel):
    page: int = 1
    where: Where


class Recent:
    def __init__(self, last_seen: Annotated[str, Cookie()] = "BOLT-8"):
        self.clause = "sku = '" + last_seen.strip() + "'"


def warehouse(x_scope: Annotated[str, Header()] = "bWFpbg==") -> str:
    try:
        return base64.b64decode(x_scope).decode()
    except ValueError:
        raise HTTPException(400, "scope is not base64") from None


@app.get("/parts")
def list_parts(sort: str = "name", limit: int = Query(20, ge=1, le=100)):
    return listing.ordered_parts(sort, limit)


@app.get("/parts/catalogue")
def catalogue(sort: str = "name"):
    column = SORTS.get(sort, "name")
    with raw() as con:
        rows = con.execute(f"SELECT sku, name, price FROM part ORDER BY {column}")
        return [dict(r) for r in rows]


@app.post("/baskets/price")
async def price_basket(basket: Basket):
    wanted = ", ".join("'{}'".format(line.sku.upper()) for line in basket.lines)
    async with aiosqlite.connect(DB_FILE) as db:
        statement = "SELECT sku, price FROM part WHERE sku IN ({})".format(wanted)
        async with db.execute(statement) as cur:
            prices = {sku: price for sku, price in await cur.fetchall()}
    return {"customer": basket.customer, "prices": prices}


@app.post("/baskets/stock")
async def basket_stock(basket: Basket):
    wanted = [line.sku.upper() for line in basket.lines]
    marks = ", ".join("?" for _ in wanted)
    async with aiosqlite.connect(DB_FILE) as db:
        async with db.execute(f"SELECT sku, stock FROM part WHERE sku IN ({marks})", wanted) as cur:
            return {sku: stock for sku, stock in await cur.fetchall()}


@app.get("/recent")
def recently_viewed(db: Db, recent: Annotated[Recent, Depends()]):
    found = db.query(Part).where(text(recent.clause)).limit(5).all()
    return [{"sku": p.sku, "name": p.name} for p in found]


@app.get("/related")
def related(db: Db, last_seen: Annotated[str, Cookie()] = "BOLT-8"):
    statement = select(Part).where(Part.sku != last_seen.strip()).limit(5)
    return [{"sku": p.sku, "name": p.name} for p in db.scalars(statement)]


@app.get("/warehouse/totals")
def warehouse_totals(scope: Annotated[str, Depends(warehouse)]):
    return listing.totals(scope)


@app.get("/warehouse/bins")
def bins(x_bin: Annotated[str, Header()] = "3"):
    try:
        number = int(x_bin)
    except ValueError:
        raise HTTPException(400, "bin must be a number") from None
    with raw() as con:
        rows = con.execute("SELECT sku, stock FROM part WHERE bin = %d" % number)
        return [dict(r) for r in rows]


@app.post("/suppliers/search")
def search_suppliers(query: SupplierQuery, db: Db):
    like = "%" + query.where.region.lower() + "%"
    statement = text("SELECT id, name FROM supplier WHERE region LIKE :region").bindparams(
        bindparam("region", like)
    )
    return [dict(r) for r in db.execute(statement).mappings()]


@app.post("/watches", status_code=201)
def add_watch(watch: Watch):
    with raw() as con:
        cur = con.execute(
            "INSERT INTO watch (label, term) VALUES (?, ?)", (watch.label, watch.term)
        )
        return {"id": cur.lastrowid}


@app.get("/watches/{watch_id}/hits")
def watch_hits(watch_id: int):
    with raw() as con:
        row = con.execute("SELECT term FROM watch WHERE id = ?", (watch_id,)).fetchone()
        if row is None:
            raise HTTPException(404)
        return {"hits": listing.count_matching(con, row["term"])}

import os
from html import escape
from typing import Annotated, Any, Literal

import httpx2
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from pydantic import BaseModel, Field

from spoke.env import env
from spoke.people import Rider, Staff
from spoke.store import Con

router = APIRouter()

COLUMNS = "sku, label, family, grams, price, stock"
SORTABLE = ("sku", "label", "grams", "price")


class Comparison(BaseModel):
    skus: list[str] = Field(min_length=1, max_length=12, examples=[["CH-11", "BR-02"]])
    by: Literal["price", "grams"] = "price"


class Verdict(BaseModel):
    stars: int = Field(ge=1, le=5)
    body: str = Field(min_length=1, max_length=1500)


class Delivery(BaseModel):
    pieces: int = Field(ge=-500, le=500)


class Feed(BaseModel):
    url: str = Field(max_length=500, examples=["https://feeds.spoke.example/parts.json"])


class FeedName(BaseModel):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", examples=["brakes"])


@router.get("/parts")
async def parts(
    con: Con,
    q: Annotated[str, Query(max_length=200, examples=["chain"])] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> list[dict[str, Any]]:
    sql = "SELECT " + COLUMNS + " FROM part"
    if q:
        sql += " WHERE label ILIKE '%" + q + "%'"
    rows = await con.fetch(sql + " ORDER BY label LIMIT $1", limit)
    return [dict(row) for row in rows]


@router.get("/parts/by/{column}")
async def parts_sorted(
    column: str,
    con: Con,
    family: str | None = None,
    direction: Literal["asc", "desc"] = "asc",
) -> list[dict[str, Any]]:
    if column not in SORTABLE:
        raise HTTPException(400, "cannot sort by this")
    sql = f"SELECT {COLUMNS} FROM part WHERE $1::text IS NULL OR family = $1 ORDER BY {column} "
    return [dict(row) for row in await con.fetch(sql + direction, family)]


@router.post("/parts/compare")
async def compare(wanted: Comparison, con: Con) -> list[dict[str, Any]]:
    listed = ", ".join(f"'{sku.strip().upper()}'" for sku in wanted.skus)
    rows = await con.fetch(
        f"SELECT {COLUMNS} FROM part WHERE upper(sku) IN ({listed}) ORDER BY {wanted.by}"
    )
    return [dict(row) for row in rows]


@router.get("/parts/{sku}")
async def part(sku: str, con: Con) -> dict[str, Any]:
    row = await con.fetchrow(f"SELECT {COLUMNS} FROM part WHERE sku = $1", sku)
    if row is None:
        raise HTTPException(404, "no such part")
    return dict(row)


@router.get("/parts/{sku}/verdicts")
async def verdicts(sku: str, con: Con) -> list[dict[str, Any]]:
    rows = await con.fetch(
        "SELECT v.stars, v.body, r.handle FROM verdict v JOIN rider r USING (rider_id)"
        " WHERE v.sku = $1 ORDER BY v.verdict_id DESC LIMIT 50",
        sku,
    )
    return [dict(row) for row in rows]


@router.post("/parts/{sku}/verdicts", status_code=201)
async def judge(sku: str, verdict: Verdict, me: Rider, con: Con) -> dict[str, int]:
    if not await con.fetchval("SELECT EXISTS (SELECT FROM part WHERE sku = $1)", sku):
        raise HTTPException(404, "no such part")
    number = await con.fetchval(
        "INSERT INTO verdict (sku, rider_id, stars, body) VALUES ($1, $2, $3, $4)"
        " RETURNING verdict_id",
        sku,
        me["rider_id"],
        verdict.stars,
        verdict.body,
    )
    return {"verdict_id": number}


@router.get("/parts/{sku}/sheet", response_class=HTMLResponse)
async def sheet(sku: str, con: Con) -> HTMLResponse:
    row = await con.fetchrow("SELECT label, grams, price FROM part WHERE sku = $1", sku)
    if row is None:
        raise HTTPException(404, "no such part")
    said = await con.fetch("SELECT stars, body FROM verdict WHERE sku = $1 LIMIT 20", sku)
    lines = "".join(f"<li>{v['stars']}: {escape(v['body'])}</li>" for v in said)
    page = f"<h1>{escape(row['label'])}</h1><p>{row['grams']} g</p><ul>{lines}</ul>"
    return HTMLResponse(page)


@router.post("/stock/{sku}")
async def book_stock(sku: str, delivery: Delivery, con: Con) -> dict[str, int]:
    left = await con.fetchval(
        "UPDATE part SET stock = greatest(stock + $2, 0) WHERE sku = $1 RETURNING stock",
        sku,
        delivery.pieces,
    )
    if left is None:
        raise HTTPException(404, "no such part")
    return {"stock": left}


@router.post("/feeds/preview")
async def preview_feed(feed: Feed, me: Rider) -> dict[str, Any]:
    async with httpx2.AsyncClient(timeout=3) as client:
        try:
            answer = await client.get(feed.url)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            raise HTTPException(502, "the feed does not answer") from None
    return {"status": answer.status_code, "begins": answer.text[:400]}


@router.post("/feeds/refresh")
async def refresh_feed(feed: FeedName, boss: Staff) -> dict[str, Any]:
    url = f"https://{env.feed_host}/v1/{feed.name}.json"
    async with httpx2.AsyncClient(timeout=3, follow_redirects=False) as client:
        try:
            answer = await client.get(url)
        except httpx2.HTTPError:
            raise HTTPException(502, "the feed does not answer") from None
    return {"status": answer.status_code}


@router.get("/manuals/{name:path}", response_class=PlainTextResponse)
def manual(name: str) -> PlainTextResponse:
    path = os.path.join(env.manuals, name)
    if not os.path.isfile(path):
        raise HTTPException(404, "no such manual")
    with open(path, encoding="utf-8", errors="replace") as file:
        return PlainTextResponse(file.read())


@router.get("/exports/{name:path}")
def export(name: str, boss: Staff) -> FileResponse:
    base = env.exports.resolve()
    path = (base / name).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise HTTPException(404, "no such export")
    return FileResponse(path)

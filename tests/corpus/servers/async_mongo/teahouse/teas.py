import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field
from pymongo import DESCENDING

from teahouse.db import Db, shown
from teahouse.people import Visitor

router = APIRouter()

BRACKETS = re.compile(r"(\w+)\[(\$?\w+)\]")
SORTS = {"name": "name", "price": "price", "strength": "caffeine"}


class Review(BaseModel):
    stars: int = Field(ge=1, le=5)
    words: str = Field(min_length=1, max_length=600)


class Blend(BaseModel):
    notes: list[str] = Field(max_length=5, examples=[["malt"]])
    below: float = Field(default=20, gt=0)


def nested(request: Request, name: str) -> Any:
    """``origin=Assam``, or ``price[$lt]=9`` for comparisons, as the old shop had it."""
    found: Any = request.query_params.get(name)
    for key, value in request.query_params.multi_items():
        matched = BRACKETS.fullmatch(key)
        if matched and matched[1] == name:
            found = {**(found if isinstance(found, dict) else {}), matched[2]: value}
    return found


@router.get("/teas")
async def teas(request: Request, db: Db) -> list[dict[str, Any]]:
    wanted = {name: nested(request, name) for name in ("origin", "slug")}
    query = {name: value for name, value in wanted.items() if value}
    return [shown(tea) async for tea in db.teas.find(query).sort("name").limit(50)]


@router.get("/teas/search")
async def search(db: Db, q: Annotated[str, Query(max_length=80)] = "") -> list[dict[str, Any]]:
    query = {"$or": [{"name": {"$regex": q, "$options": "i"}}, {"notes": {"$regex": q}}]}
    return [shown(tea) async for tea in db.teas.find(query).limit(50)]


@router.get("/teas/suggest")
async def suggest(db: Db, start: Annotated[str, Query(max_length=40)] = "") -> list[str]:
    query = {"name": {"$regex": f"^{re.escape(start)}", "$options": "i"}}
    return [tea["name"] async for tea in db.teas.find(query, {"name": 1}).limit(10)]


@router.get("/teas/strong")
async def strong(db: Db, above: Annotated[str, Query(max_length=80)] = "30") -> list[dict[str, Any]]:
    query = {"$where": f"this.caffeine > {above} && this.stock > 0"}
    return [shown(tea) async for tea in db.teas.find(query)]


@router.get("/teas/sorted")
async def sorted_teas(
    db: Db, by: str = "name", falling: bool = False, origin: str | None = None
) -> list[dict[str, Any]]:
    query = {"origin": origin} if origin else {}
    found = db.teas.find(query).sort(SORTS.get(by, "name"), DESCENDING if falling else 1)
    return [shown(tea) async for tea in found]


@router.post("/teas/blends")
async def blends(wanted: Blend, db: Db) -> list[dict[str, Any]]:
    pipeline: list[dict[str, Any]] = [
        {"$match": {"notes": {"$in": wanted.notes}, "price": {"$lt": wanted.below}}},
        {"$addFields": {"matching": {"$size": {"$setIntersection": ["$notes", {"$literal": wanted.notes}]}}}},
        {"$sort": {"matching": -1, "price": 1}},
    ]
    cursor = await db.teas.aggregate(pipeline)
    return [shown(tea) async for tea in cursor]


@router.get("/teas/counts")
async def counts(db: Db, per: Literal["origin", "caffeine"] = "origin") -> list[dict[str, Any]]:
    pipeline = [{"$group": {"_id": f"${per}", "teas": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    return [{"value": row["_id"], "teas": row["teas"]} async for row in await db.teas.aggregate(pipeline)]


@router.post("/teas/{slug}/reviews", status_code=201)
async def review(slug: str, said: Review, who: Visitor, db: Db) -> dict[str, str]:
    if await db.teas.find_one({"slug": slug}) is None:
        raise HTTPException(404, "No such tea")
    made = await db.reviews.insert_one({"tea": slug, "by": who["_id"], **said.model_dump()})
    return {"id": str(made.inserted_id)}


@router.get("/teas/{slug}/reviews")
async def reviews(slug: str, db: Db) -> list[dict[str, Any]]:
    pipeline: list[dict[str, Any]] = [
        {"$match": {"tea": slug}},
        {"$lookup": {"from": "people", "localField": "by", "foreignField": "_id", "as": "who"}},
        {"$project": {"_id": 0, "stars": 1, "words": 1, "who": {"$first": "$who.name"}}},
    ]
    return [row async for row in await db.reviews.aggregate(pipeline)]

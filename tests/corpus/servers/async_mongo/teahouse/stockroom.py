from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from teahouse.db import Db, shown
from teahouse.people import stockroom_staff

router = APIRouter(prefix="/stockroom")


class Stock(BaseModel):
    stock: int = Field(ge=0, le=10_000)


@router.put("/teas/{slug}/stock")
async def restock(slug: str, new: Stock, db: Db) -> dict[str, Any]:
    changed = await db.teas.update_one({"slug": slug}, {"$set": {"stock": new.stock}})
    if changed.matched_count == 0:
        raise HTTPException(404, "No such tea")
    return {"slug": slug, "stock": new.stock}


@router.delete("/teas/{slug}", status_code=204, dependencies=[Depends(stockroom_staff)])
async def take_down(slug: str, db: Db) -> None:
    await db.teas.update_one({"slug": slug}, {"$set": {"gone": True}})


@router.get("/people", dependencies=[Depends(stockroom_staff)])
async def people(db: Db) -> list[dict[str, Any]]:
    found = db.people.find({}, {"salt": 0, "password_hash": 0, "address": 0})
    return [shown(one) async for one in found]


@router.get("/people/{email}", dependencies=[Depends(stockroom_staff)])
async def person(email: str, db: Db) -> dict[str, Any]:
    found = await db.people.find_one({"email": email})
    if found is None:
        raise HTTPException(404, "Nobody has this address")
    return {**shown(found), "salt": found["salt"].hex(), "password_hash": found["password_hash"].hex()}

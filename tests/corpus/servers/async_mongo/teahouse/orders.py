from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from teahouse.db import Db, key, shown
from teahouse.people import Visitor

router = APIRouter()


class Line(BaseModel):
    tea: str = Field(max_length=60, examples=["harbour-black"])
    bags: int = Field(ge=1, le=20)


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=20)
    send_to: str = Field(min_length=3, max_length=200, examples=["Rui, 7 Dock Street"])


@router.post("/orders", status_code=201)
async def order(new: NewOrder, who: Visitor, db: Db) -> dict[str, Any]:
    total = 0.0
    for line in new.lines:
        tea = await db.teas.find_one_and_update(
            {"slug": line.tea, "stock": {"$gte": line.bags}}, {"$inc": {"stock": -line.bags}}
        )
        if tea is None:
            raise HTTPException(409, f"Not enough of {line.tea} is left")
        total += tea["price"] * line.bags
    document = {"owner": who["_id"], **new.model_dump(), "total": total, "state": "paid"}
    made = await db.orders.insert_one({**document, "at": datetime.now(UTC)})
    return {"id": str(made.inserted_id), "total": total}


@router.get("/orders")
async def my_orders(who: Visitor, db: Db, state: str | None = None) -> list[dict[str, Any]]:
    query: dict[str, Any] = {"owner": who["_id"], **({"state": state} if state else {})}
    return [shown(one) async for one in db.orders.find(query).sort("at", -1)]


@router.post("/orders/find")
async def find_mine(request: Request, who: Visitor, db: Db) -> list[dict[str, Any]]:
    wanted = await request.json()
    query = {
        "owner": who["_id"],
        "state": {"$eq": wanted.get("state", "paid")},
        "lines.tea": str(wanted.get("tea", "harbour-black")),
    }
    return [shown(one) async for one in db.orders.find(query)]


@router.get("/orders/{order_id}")
async def one_order(order_id: str, who: Visitor, db: Db) -> dict[str, Any]:
    found = await db.orders.find_one({"_id": key(order_id)})
    if found is None:
        raise HTTPException(404, "No such order")
    return shown(found)


@router.post("/orders/{order_id}/cancel")
async def cancel(order_id: str, who: Visitor, db: Db) -> dict[str, str]:
    changed = await db.orders.update_one(
        {"_id": key(order_id), "owner": who["_id"]}, {"$set": {"state": "cancelled"}}
    )
    if changed.matched_count == 0:
        raise HTTPException(404, "No such order")
    return {"state": "cancelled"}

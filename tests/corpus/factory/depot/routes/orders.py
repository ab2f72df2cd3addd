from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from ..accounts import Admin, User
from ..stock import Orders

router = APIRouter(prefix="/orders", tags=["orders"])
KEYS = {"number": "id", "item": "item COLLATE NOCASE"}


class Order(BaseModel):
    item: str = Field(max_length=60, examples=["crate"])


@router.get("")
async def mine(user: User, orders: Orders, sort: str = "number"):
    order = KEYS.get(sort, "id")
    return await orders.some("owner = :owner", {"owner": user.name}, order)


@router.get("/by-state")
async def by_state(user: User, orders: Orders, state: list[str] = Query(["open"], max_length=5)):
    wanted = ",".join(f"'{value}'" for value in state)
    return await orders.some(f"owner = :owner AND state IN ({wanted})", {"owner": user.name})


@router.post("", status_code=201)
async def add(user: User, orders: Orders, order: Order):
    return {"id": await orders.add(user.name, order.item)}


@router.get("/all")
async def everything(user: Admin, orders: Orders):
    return await orders.some("1 = 1", {})


@router.get("/of/{owner}")
async def of_owner(owner: str, user: User, orders: Orders):
    return await orders.some("owner = :owner", {"owner": owner})


@router.get("/{number}")
async def one(number: int, user: User, orders: Orders):
    where = "id = :number AND owner = :owner"
    found = await orders.some(where, {"number": number, "owner": user.name})
    if not found:
        raise HTTPException(404)
    return found[0]

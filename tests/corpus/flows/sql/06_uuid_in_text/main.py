from uuid import UUID

import asyncpg
from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/orders")


@router.get("/{order_id}")
async def read_order(order_id: UUID):
    connection = await asyncpg.connect("postgresql://localhost/shop")
    row = await connection.fetchrow(f"SELECT id, total FROM orders WHERE id = '{order_id}'")
    return dict(row)


app = FastAPI()
app.include_router(router)

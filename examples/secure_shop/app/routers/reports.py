"""Figures for administrators."""

import csv
import io
from typing import Annotated

from buckler.guard import requires
from fastapi import APIRouter, Query, Response
from sqlalchemy import func, select

from app.db import SessionDep
from app.models import Order, Product
from app.schemas import OrderOut, SalesOut

router = APIRouter(prefix="/reports", tags=["reports"])

Limit = Annotated[int, Query(ge=1, le=500)]


def cell(value: object) -> str:
    """A value for a spreadsheet; text that would be a formula is quoted."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@router.get("/sales", response_model=list[SalesOut], dependencies=[requires("sales:read")])
async def read_sales(session: SessionDep) -> list[SalesOut]:
    """Sales by category."""
    rows = await session.execute(
        select(Product.category, func.count(Order.id), func.sum(Order.total_cents))
        .join(Order, Order.product_id == Product.id)
        .group_by(Product.category)
    )
    return [SalesOut(category=name, orders=count, cents=cents) for name, count, cents in rows]


@router.get("/orders", response_model=list[OrderOut], dependencies=[requires("orders:export")])
async def export_orders(session: SessionDep, limit: Limit = 100) -> list[Order]:
    """All orders."""
    return list(await session.scalars(select(Order).order_by(Order.id).limit(limit)))


@router.get("/orders.csv", dependencies=[requires("orders:export")])
async def export_orders_csv(session: SessionDep, limit: Limit = 100) -> Response:
    """All orders, for a spreadsheet."""
    orders = await session.scalars(select(Order).order_by(Order.id).limit(limit))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "status", "total_cents", "note"])
    for order in orders:
        values = (order.id, order.status, order.total_cents, order.note)
        writer.writerow([cell(value) for value in values])
    disposition = 'attachment; filename="orders.csv"'
    return Response(
        out.getvalue(), media_type="text/csv", headers={"Content-Disposition": disposition}
    )

"""Orders of the signed-in customer."""

import logging
import os
import shlex
import subprocess
from typing import Annotated, Any

import jwt
import yaml
from fastapi import (
    APIRouter,
    BackgroundTasks,
    HTTPException,
    Query,
    Request,
    WebSocket,
)
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.config import settings
from app.db import SessionDep, session_factory
from app.deps import CurrentUser, user_of
from app.mailer import send
from app.models import Order, Product
from app.outbound import parcel_status
from app.queries import order_history, orders_in_currency
from app.schemas import Answer, Import, LabelJob, OrderIn, OrderOut, OrderSearch
from app.security import read_share

logger = logging.getLogger("shop.orders")
router = APIRouter(prefix="/orders", tags=["orders"])


class StockError(Exception):
    """Something cannot be delivered; the text is meant for the customer."""


async def own_order(order_id: int, user_id: int, session: SessionDep) -> Order:
    """An order of that customer; 404 for anybody else's."""
    order = await session.get(Order, order_id)
    if order is None or order.user_id != user_id:
        raise HTTPException(404, "No such order")
    return order


def take(product: Product | None, quantity: int) -> Product:
    """Take goods out of the stock."""
    if product is None or product.stock < quantity:
        raise StockError(f"We cannot deliver {quantity} of these")
    product.stock -= quantity
    return product


def show_queue(printer: str) -> None:
    """Tell a printer of the packing room that a label waits."""
    os.system(f"echo queued on {printer}")


def print_label(job: LabelJob) -> None:
    """Send a label to the packing room."""
    command = f"echo {shlex.quote(job.title)} {job.printer.copies}"
    subprocess.run(command, shell=True, timeout=5)
    show_queue(job.printer.name)


@router.get("", response_model=list[OrderOut])
async def list_orders(
    user: CurrentUser,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[Order]:
    """The own orders."""
    mine = select(Order).where(Order.user_id == user.id).limit(limit)
    return list(await session.scalars(mine))


@router.post("", response_model=OrderOut, status_code=201)
async def create_order(
    payload: OrderIn, user: CurrentUser, tasks: BackgroundTasks, session: SessionDep
) -> Order:
    """Buy something."""
    try:
        product = take(await session.get(Product, payload.product_id), payload.quantity)
    except StockError as problem:
        raise HTTPException(409, str(problem)) from None
    order = Order(
        user_id=user.id,
        total_cents=product.price_cents * payload.quantity,
        **payload.model_dump(include={"product_id", "quantity", "note"}),
    )
    session.add(order)
    await session.commit()
    name, note = user.full_name, order.note
    tasks.add_task(send, user.email, "Order", "order.txt", name=name, order_id=order.id, note=note)
    return order


@router.get("/history")
async def read_history(
    user: CurrentUser, session: SessionDep, sort: str = "created_at", limit: int = 50
) -> list[dict[str, object]]:
    """All orders of the past."""
    return await order_history(session, user.id, sort, limit)


@router.post("/search")
async def search_orders(
    payload: OrderSearch, user: CurrentUser, session: SessionDep
) -> list[dict[str, object]]:
    """Find some of the own orders."""
    where = payload.where
    try:
        return await orders_in_currency(
            session, user.id, where.total.currency, where.total.least, where.words
        )
    except SQLAlchemyError as problem:
        raise HTTPException(500, detail=str(problem)) from problem


@router.post("/import", status_code=202)
async def import_orders(payload: Import, user: CurrentUser) -> Answer:
    """Take over orders from the old shop."""
    try:
        orders = yaml.load(payload.document, Loader=yaml.UnsafeLoader)
    except yaml.YAMLError:
        raise HTTPException(400, "The document cannot be read") from None
    return Answer(data={"orders": len(orders) if isinstance(orders, list) else 0})


@router.post("/wishlist", status_code=202)
async def import_wishlist(payload: Import, user: CurrentUser) -> Answer:
    """Take over a wish list from the old shop."""
    try:
        wishes: Any = yaml.safe_load(payload.document)
    except yaml.YAMLError:
        raise HTTPException(400, "The document cannot be read") from None
    return Answer(data={"wishes": len(wishes) if isinstance(wishes, list) else 0})


@router.get("/shared", response_model=OrderOut)
async def read_shared(share: str, session: SessionDep) -> Order:
    """An order that a customer shows to a friend."""
    try:
        order_id = int(read_share(share)["order"])
    except (jwt.PyJWTError, KeyError, ValueError):
        raise HTTPException(404, "No such order") from None
    order = await session.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "No such order")
    return order


@router.get("/{order_id}", response_model=OrderOut)
async def read_order(order_id: int, user: CurrentUser, session: SessionDep) -> Order:
    """One order."""
    order = await session.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "No such order")
    return order


@router.post("/{order_id}/cancel", response_model=OrderOut)
async def cancel_order(order_id: int, user: CurrentUser, session: SessionDep) -> Order:
    """Cancel an order."""
    mine = select(Order).where(Order.id == order_id, Order.user_id == user.id)
    order = await session.scalar(mine)
    if order is None:
        raise HTTPException(404, "No such order")
    order.status = "cancelled"
    await session.commit()
    return order


@router.post("/{order_id}/label", status_code=202)
async def order_label(
    order_id: int,
    job: LabelJob,
    user: CurrentUser,
    tasks: BackgroundTasks,
    session: SessionDep,
) -> Answer:
    """Print the label of a parcel that goes back to us."""
    order = await own_order(order_id, user.id, session)
    tasks.add_task(print_label, job)
    return Answer(detail=f"Label of order {order.id} is queued")


@router.get("/{order_id}/share")
async def share_order(
    order_id: int, request: Request, user: CurrentUser, session: SessionDep
) -> dict[str, str]:
    """A link that shows the order to a friend."""
    order = await own_order(order_id, user.id, session)
    token = jwt.encode({"order": order.id}, settings.session_secret, algorithm="HS256")
    return {"link": f"{request.url_for('read_shared')}?share={token}"}


@router.get("/{order_id}/tracking")
async def track_order(order_id: int, user: CurrentUser, session: SessionDep) -> dict[str, str]:
    """Where the parcel is."""
    order = await own_order(order_id, user.id, session)
    return {"parcel": await run_in_threadpool(parcel_status, order.id)}


@router.websocket("/live")
async def live_orders(websocket: WebSocket) -> None:
    """Status changes of the own orders, for the pages of the shop."""
    if websocket.headers.get("origin") not in settings.site_origins:
        await websocket.close(1008)
        return
    async with session_factory() as session:
        try:
            user = await user_of(websocket.cookies.get("shop_session", ""), session)
        except HTTPException:
            await websocket.close(1008)
            return
        mine = select(Order.id, Order.status).where(Order.user_id == user.id)
        rows = (await session.execute(mine.limit(20))).all()
    await websocket.accept()
    await websocket.send_json([{"id": row.id, "status": row.status} for row in rows])
    await websocket.close()

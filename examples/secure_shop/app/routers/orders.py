"""Orders of the signed-in customer."""

import subprocess

from buckler.guard import PageSize
from fastapi import APIRouter, BackgroundTasks, HTTPException, WebSocket, status
from sqlalchemy import select

from app.db import SessionDep
from app.deps import CurrentUser, OwnOrder
from app.mailer import ORDER, send
from app.models import Order, Product
from app.schemas import Done, LabelJob, OrderIn, OrderOut

router = APIRouter(prefix="/orders", tags=["orders"])


class StockError(Exception):
    """Something cannot be delivered; the text is meant for the customer."""


def take(product: Product | None, quantity: int) -> Product:
    """Take goods out of the stock."""
    if product is None or product.stock < quantity:
        raise StockError("We cannot deliver that many")
    product.stock -= quantity
    return product


def print_label(job: LabelJob) -> None:
    """Send a label to a printer of the packing room."""
    command = ["echo", "--", job.printer, job.title]
    subprocess.run(command, check=False, timeout=5, stdout=subprocess.DEVNULL)


@router.get("", response_model=list[OrderOut])
async def list_orders(user: CurrentUser, session: SessionDep, limit: PageSize = 20) -> list[Order]:
    """The own orders."""
    mine = select(Order).where(Order.user_id == user.id).order_by(Order.id).limit(limit)
    return list(await session.scalars(mine))


@router.post("", response_model=OrderOut, status_code=201)
async def create_order(
    payload: OrderIn, user: CurrentUser, tasks: BackgroundTasks, session: SessionDep
) -> Order:
    """Buy something."""
    try:
        product = take(await session.get(Product, payload.product_id), payload.quantity)
    except StockError as problem:
        raise HTTPException(status.HTTP_409_CONFLICT, str(problem)) from None
    order = Order(
        user_id=user.id,
        product_id=product.id,
        quantity=payload.quantity,
        total_cents=product.price_cents * payload.quantity,
        note=payload.note,
    )
    session.add(order)
    await session.commit()
    tasks.add_task(send, user.email, "Order", ORDER, name=user.full_name, order_id=order.id)
    return order


@router.get("/{order_id}", response_model=OrderOut)
async def read_order(order: OwnOrder) -> Order:
    """One of the own orders."""
    return order


@router.post("/{order_id}/cancel", response_model=OrderOut)
async def cancel_order(order: OwnOrder, session: SessionDep) -> Order:
    """Cancel one of the own orders."""
    order.status = "cancelled"
    await session.commit()
    return order


@router.post("/{order_id}/label", response_model=Done, status_code=202)
async def order_label(job: LabelJob, order: OwnOrder, tasks: BackgroundTasks) -> Done:
    """Print the label of a parcel that goes back to us."""
    tasks.add_task(print_label, job)
    return Done(detail=f"The label of order {order.id} is queued")


@router.websocket("/live")
async def live_orders(websocket: WebSocket, user: CurrentUser, session: SessionDep) -> None:
    """Status of the own orders, for the pages of the shop; guard looks at where it is opened from."""
    mine = select(Order.id, Order.status).where(Order.user_id == user.id)
    rows = (await session.execute(mine.limit(20))).all()
    await websocket.accept()
    await websocket.send_json([{"id": row.id, "status": row.status} for row in rows])
    await websocket.close()

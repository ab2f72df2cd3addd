"""What other systems tell us. Each request is signed, and counts once."""

import hmac
import time
from typing import Annotated

from buckler.guard import EventKind
from fastapi import APIRouter, Header, HTTPException, Request, status
from pydantic import ValidationError

from app.audit import tell
from app.db import SessionDep
from app.guesses import Window
from app.models import Order
from app.schemas import Done, PaymentEvent
from app.security import webhook_signature

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

MAX_AGE = 300
seen = Window(limit=1, seconds=2 * MAX_AGE)


@router.post("/payments", response_model=Done)
async def payment_made(
    request: Request,
    session: SessionDep,
    x_timestamp: Annotated[str, Header(max_length=12)] = "",
    x_signature: Annotated[str, Header(max_length=64)] = "",
) -> Done:
    """The bank says that an order is paid."""
    body = await request.body()
    expected = webhook_signature(x_timestamp, body)
    fresh = x_timestamp.isdecimal() and abs(time.time() - int(x_timestamp)) < MAX_AGE
    genuine = hmac.compare_digest(x_signature.encode(), expected.encode())
    if not fresh or not genuine or seen.full(expected):
        tell(EventKind.TOKEN_REFUSED, request, reason="signature")
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong signature")
    seen.add(expected)
    try:
        event = PaymentEvent.model_validate_json(body)
    except ValidationError:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Not a payment event") from None
    order = await session.get(Order, event.order_id)
    if order is not None:
        order.status = "paid"
        await session.commit()
    return Done(detail="Thank you")

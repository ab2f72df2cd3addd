"""What other systems tell us. Each request is signed, and counts once."""

import hmac
from typing import Annotated

from buckler.guard import EventKind, public
from fastapi import APIRouter, Header, HTTPException, Request, status
from pydantic import ValidationError

from app.audit import tell
from app.db import SessionDep
from app.models import Order
from app.schemas import Done, PaymentEvent
from app.signatures import is_fresh, signature, use

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post("/payments", response_model=Done, dependencies=[public])
async def payment_made(
    request: Request,
    session: SessionDep,
    x_timestamp: Annotated[str, Header(max_length=12)] = "",
    x_signature: Annotated[str, Header(max_length=64)] = "",
) -> Done:
    """The bank says that an order is paid."""
    body = await request.body()
    expected = signature(x_timestamp, body)
    genuine = hmac.compare_digest(x_signature.encode(), expected.encode())
    if not genuine or not is_fresh(x_timestamp) or not use(expected):
        tell(EventKind.TOKEN_REFUSED, request, "signature")
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong signature")
    try:
        event = PaymentEvent.model_validate_json(body)
    except ValidationError:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Not a payment event") from None
    order = await session.get(Order, event.order_id)
    if order is not None:
        order.status = "paid"
        await session.commit()
    return Done(detail="Thank you")

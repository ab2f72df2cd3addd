"""Who is asking, and what is theirs: dependencies of the handlers."""

from typing import Annotated

from buckler.guard import Principal, authenticated, owned
from fastapi import Depends, HTTPException, Path, status

from app.db import SessionDep, get_session
from app.models import Address, Order, Ticket, Upload, User

MAX_ID = 2**31 - 1

ObjectId = Annotated[int, Path(ge=1, le=MAX_ID)]
Me = Annotated[Principal, authenticated]


async def own_account(me: Annotated[Principal, authenticated], session: SessionDep) -> User:
    """The row of whoever is signed in."""
    user = await session.get(User, int(me.id))
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such account")
    return user


CurrentUser = Annotated[User, Depends(own_account)]
OwnOrder = Annotated[Order, owned(Order, id="order_id", owner=Order.user_id, session=get_session)]
OwnAddress = Annotated[
    Address, owned(Address, id="address_id", owner=Address.user_id, session=get_session)
]
OwnUpload = Annotated[
    Upload, owned(Upload, id="upload_id", owner=Upload.user_id, session=get_session)
]
OwnTicket = Annotated[
    Ticket,
    owned(
        Ticket,
        id="ticket_id",
        owner=Ticket.user_id,
        override="tickets:read",
        session=get_session,
    ),
]

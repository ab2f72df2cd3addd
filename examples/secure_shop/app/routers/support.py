"""Customer service."""

import logging

from fastapi import APIRouter
from sqlalchemy import select

from app.db import SessionDep
from app.deps import CurrentUser, Me, OwnTicket
from app.models import Ticket
from app.outbound import picture_exists
from app.schemas import Found, Link, TicketIn, TicketOut

logger = logging.getLogger("shop.support")
router = APIRouter(prefix="/support", tags=["support"])


@router.get("/tickets", response_model=list[TicketOut])
async def list_tickets(user: CurrentUser, session: SessionDep) -> list[Ticket]:
    """The own tickets."""
    return list(await session.scalars(select(Ticket).where(Ticket.user_id == user.id).limit(50)))


@router.post("/tickets", response_model=TicketOut, status_code=201)
async def open_ticket(payload: TicketIn, user: CurrentUser, session: SessionDep) -> Ticket:
    """Ask customer service."""
    ticket = Ticket(user_id=user.id, subject=payload.subject, body=payload.body)
    session.add(ticket)
    await session.commit()
    logger.info("ticket %d is open", ticket.id)
    return ticket


@router.get("/tickets/{ticket_id}", response_model=TicketOut)
async def read_ticket(ticket: OwnTicket) -> Ticket:
    """One ticket, for its owner and for those who answer."""
    return ticket


@router.post("/pictures/check", response_model=Found)
def check_picture(payload: Link, me: Me) -> Found:
    """Tell whether a picture is on one of our picture hosts."""
    return Found(found=picture_exists(payload.url))

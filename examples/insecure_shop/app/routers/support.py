"""Customer service."""

import logging
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, WebSocket, WebSocketDisconnect

from app.db import SessionDep
from app.deps import CurrentUser
from app.models import Ticket
from app.outbound import fetch_page, link_status
from app.schemas import Answer, Link, TicketIn

logger = logging.getLogger("shop.support")
router = APIRouter(prefix="/support", tags=["support"])

ROOM: set[WebSocket] = set()


@router.post("/tickets", status_code=201)
async def open_ticket(
    payload: TicketIn,
    user: CurrentUser,
    session: SessionDep,
    user_agent: Annotated[str, Header()] = "",
) -> Answer:
    """Ask customer service."""
    browser = user_agent.replace("\r", " ").replace("\n", " ")
    logger.info("a ticket comes from %s", browser)
    ticket = Ticket(user_id=user.id, **payload.model_dump())
    session.add(ticket)
    await session.commit()
    logger.info("ticket %s: %s", ticket.id, payload.subject)
    return Answer(data={"id": ticket.id})


@router.get("/tickets/{ticket_id}")
async def read_ticket(ticket_id: int, user: CurrentUser, session: SessionDep) -> dict[str, object]:
    """One ticket, for its owner and for customer service."""
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None or (ticket.user_id != user.id and user.role != "admin"):
        raise HTTPException(404, "No such ticket")
    return {"id": ticket.id, "subject": ticket.subject, "body": ticket.body}


@router.post("/links/preview")
def preview_link(payload: Link, user: CurrentUser) -> dict[str, object]:
    """Show what is behind a link in a ticket."""
    return fetch_page(payload.url)


@router.post("/links/check")
def check_link(payload: Link, user: CurrentUser) -> dict[str, object]:
    """Tell whether a link in a ticket still works."""
    return {"status": link_status(payload.url)}


@router.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Talk to customer service."""
    await websocket.accept()
    ROOM.add(websocket)
    try:
        while True:
            words = await websocket.receive_text()
            for other in list(ROOM):
                await other.send_text(words[:500])
    except WebSocketDisconnect:
        pass
    finally:
        ROOM.discard(websocket)

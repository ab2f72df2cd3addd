import json

from fastapi import Depends, FastAPI, Response

from tickets import Ticket, ticket_of

app = FastAPI()


@app.get("/tickets/export")
def export(ticket: Ticket = Depends(ticket_of)):
    rows = [["id", "subject"], [ticket.number, ticket.subject]]
    return Response(json.dumps(rows), media_type="application/json")

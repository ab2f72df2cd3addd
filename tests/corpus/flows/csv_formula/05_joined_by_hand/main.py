from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse

from tickets import Ticket, ticket_of

app = FastAPI()


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


@app.get("/tickets/export")
def export(ticket: Ticket = Depends(ticket_of)):
    lines = ["id,subject", ",".join([str(ticket.number), quoted(ticket.subject)])]
    return PlainTextResponse("\n".join(lines), media_type="text/csv")

from fastapi import FastAPI, Request

from database import session_scope
from queries import where_of

app = FastAPI()


@app.post("/customers/search")
async def search(request: Request):
    wanted = await request.json()
    clause, values = where_of(wanted)
    with session_scope() as session:
        rows = session.run("SELECT id, city FROM customers WHERE " + clause, values)
    return {"count": len(rows)}

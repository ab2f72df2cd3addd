import asyncpg
from fastapi import FastAPI

from schemas import ReportRequest
from services.reports import build

app = FastAPI()


@app.post("/reports", status_code=201)
async def create_report(request: ReportRequest):
    connection = await asyncpg.connect("postgresql://localhost/sales")
    try:
        rows = await build(connection, request)
    finally:
        await connection.close()
    return {"title": request.title, "rows": rows}

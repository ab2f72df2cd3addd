from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from exporting import rows_of

app = FastAPI()


class Order(BaseModel):
    customer: str
    total: float


@app.post("/orders/export")
def export(orders: list[Order]):
    return StreamingResponse(rows_of(orders), media_type="text/csv")

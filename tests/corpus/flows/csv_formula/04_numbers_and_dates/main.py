from datetime import date
from enum import Enum

from fastapi import FastAPI, Response
from pydantic import BaseModel

from table import table

app = FastAPI()


class State(str, Enum):
    open = "open"
    paid = "paid"


class Order(BaseModel):
    state: State
    total: float
    day: date


@app.post("/orders/export")
def export(orders: list[Order]):
    rows = [(order.state.value, order.total, order.day.isoformat()) for order in orders]
    return Response(table(rows), media_type="text/csv")

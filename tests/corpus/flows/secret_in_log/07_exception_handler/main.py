from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from handlers import invalid
from schemas import Card

app = FastAPI()
app.add_exception_handler(RequestValidationError, invalid)


@app.post("/cards")
def card(card: Card):
    return {"stored": True}

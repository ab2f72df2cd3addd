import logging

from fastapi import FastAPI

from schemas import Card

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("cards")
app = FastAPI()


@app.post("/cards")
def card(card: Card):
    log.info("card stored: %r", card)
    return {"stored": True}

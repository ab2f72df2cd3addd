import logging

from fastapi import FastAPI, HTTPException

from orders import load

logger = logging.getLogger(__name__)
app = FastAPI()


@app.get("/orders/{number}")
def order(number: int):
    try:
        return load(number)
    except Exception:
        logger.exception("order %d cannot be loaded", number)
        raise HTTPException(500, detail="order cannot be loaded")

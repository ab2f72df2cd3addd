import logging

from fastapi import FastAPI, Request

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logger = logging.getLogger("orders")
app = FastAPI()


@app.get("/orders/{number}")
def order(number: int, request: Request, note: str = ""):
    template = request.scope["route"].path
    logger.info("%s order %d, note of %d characters", template, number, len(note))
    return {"number": number, "note": note}

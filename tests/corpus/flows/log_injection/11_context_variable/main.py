import logging

from fastapi import FastAPI

from context import RequestName, configure

configure()
logger = logging.getLogger("orders")
app = FastAPI()
app.add_middleware(RequestName)


@app.get("/orders")
async def orders():
    logger.info("orders listed")
    return []

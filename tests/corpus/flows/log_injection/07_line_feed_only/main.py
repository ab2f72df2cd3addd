import logging
from functools import wraps

from fastapi import FastAPI, Request

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logger = logging.getLogger(__name__)
app = FastAPI()


def logged(handler):
    @wraps(handler)
    async def wrapper(request: Request):
        body = await request.json()
        kind = str(body.get("kind")).replace("\n", " ")
        logger.info("event {}".format(kind))
        return await handler(request)

    return wrapper


@app.post("/events")
@logged
async def events(request: Request):
    return {"accepted": True}

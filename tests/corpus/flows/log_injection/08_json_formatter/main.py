from fastapi import FastAPI
from pydantic import BaseModel

from jsonlog import configure, logger

configure()
app = FastAPI()


class Event(BaseModel):
    kind: str


@app.post("/events")
def events(event: Event):
    logger.info("event %s", event.kind)
    return {"accepted": True}

import struct
from typing import NamedTuple

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


class Reading(NamedTuple):
    sensor: int
    value: int


def parse(data: bytes) -> Reading:
    return Reading(*struct.unpack(">HI", data[:6]))


@app.post("/telemetry")
async def telemetry(request: Request):
    body = b"".join([chunk async for chunk in request.stream()])
    try:
        reading = parse(body)
    except struct.error:
        raise HTTPException(400, "six bytes are needed") from None
    return reading._asdict()

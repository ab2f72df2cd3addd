import re

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from headers import link_header

app = FastAPI()
NAME = re.compile(r"\w+(\.\w+)*")


class Downloads(BaseModel):
    names: list[str]


@app.post("/downloads")
def downloads(body: Downloads):
    for name in body.names:
        if not NAME.match(name):
            raise HTTPException(422, "bad name")
    return PlainTextResponse("ready", headers=dict([link_header(body.names)]))

from urllib.parse import quote

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

app = FastAPI()


class Downloads(BaseModel):
    names: list[str]


@app.post("/downloads")
def downloads(body: Downloads):
    links = ", ".join(f"</files/{quote(name, safe='')}>; rel=item" for name in body.names)
    return PlainTextResponse("ready", headers={"Link": links})

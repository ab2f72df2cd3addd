from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from images import download

app = FastAPI()


class Source(BaseModel):
    url: str
    alt: str = ""


class Image(BaseModel):
    source: Source


@app.post("/images")
async def image(image: Image):
    try:
        size = await run_in_threadpool(download, image.source.url)
    except PermissionError:
        raise HTTPException(400, "host not allowed") from None
    return {"size": size}

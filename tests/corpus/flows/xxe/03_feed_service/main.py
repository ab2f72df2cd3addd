from typing import Annotated

from fastapi import Depends, FastAPI, UploadFile

from feeds import FeedReader

app = FastAPI()


@app.post("/feeds")
async def feeds(feed: UploadFile, reader: Annotated[FeedReader, Depends()]):
    return {"titles": reader.titles(await feed.read())}

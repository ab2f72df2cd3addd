from defusedxml import DefusedXmlException
from fastapi import FastAPI, HTTPException, UploadFile

from feeds import titles

app = FastAPI()


@app.post("/feeds")
async def feeds(feed: UploadFile):
    try:
        return {"titles": titles(await feed.read())}
    except DefusedXmlException:
        raise HTTPException(400, "entities are not allowed") from None

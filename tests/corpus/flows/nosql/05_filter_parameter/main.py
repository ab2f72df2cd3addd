import json

from fastapi import Depends, FastAPI, HTTPException
from pymongo import AsyncMongoClient

app = FastAPI()
articles = AsyncMongoClient("mongodb://localhost")["cms"]["articles"]


def parsed_filter(filter: str = "{}") -> dict:
    try:
        wanted = json.loads(filter)
    except ValueError:
        raise HTTPException(400, "filter is not JSON") from None
    return {"published": True, "tags": wanted}


@app.get("/articles")
async def list_articles(wanted: dict = Depends(parsed_filter)):
    found = articles.find(wanted).limit(50)
    return [{"id": str(a["id"])} async for a in found]

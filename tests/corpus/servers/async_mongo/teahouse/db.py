from typing import Annotated, Any

from bson import ObjectId
from bson.errors import InvalidId
from fastapi import Depends, HTTPException, Request
from pymongo.asynchronous.database import AsyncDatabase


async def database(request: Request) -> AsyncDatabase:
    return request.app.state.db


Db = Annotated[AsyncDatabase, Depends(database)]


def key(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except InvalidId:
        raise HTTPException(404, "There is no such thing") from None


def shown(document: dict[str, Any]) -> dict[str, Any]:
    plain = {name: str(v) if isinstance(v, ObjectId) else v for name, v in document.items()}
    plain["id"] = plain.pop("_id")
    return plain

from fastapi import Body, FastAPI
from pymongo import AsyncMongoClient

app = FastAPI()
sessions = AsyncMongoClient("mongodb://localhost")["auth"]["sessions"]


def exactly(field: str, value) -> dict:
    return {field: {"$eq": value}}


@app.post("/sessions/find")
async def find_session(payload: dict = Body()):
    found = await sessions.find_one(exactly("token", payload.get("token")))
    return {"found": found is not None}

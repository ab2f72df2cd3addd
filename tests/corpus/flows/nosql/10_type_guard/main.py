from fastapi import FastAPI, HTTPException, Request
from pymongo import AsyncMongoClient

app = FastAPI()
devices = AsyncMongoClient("mongodb://localhost")["iot"]["devices"]


@app.post("/devices")
async def device(request: Request):
    body = await request.json()
    serial = body.get("serial")
    if not isinstance(serial, str):
        raise HTTPException(400, "serial must be text")
    total = await devices.count_documents({"serial": serial})
    return {"total": total}

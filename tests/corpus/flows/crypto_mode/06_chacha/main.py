import asyncio

from fastapi import FastAPI, Request

from sealing import seal

app = FastAPI()


@app.post("/cards")
async def card(request: Request):
    body = await request.json()
    sealed = await asyncio.to_thread(seal, body["number"])
    return {"data": sealed.hex()}

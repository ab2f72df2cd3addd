import aiohttp
from fastapi import FastAPI, HTTPException

app = FastAPI()
GEOCODER = "https://geo.example/search"


@app.get("/geocode")
async def geocode(address: str):
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(GEOCODER, params={"q": address, "limit": "1"}) as answer:
                return await answer.json()
        except aiohttp.ClientError:
            raise HTTPException(502) from None

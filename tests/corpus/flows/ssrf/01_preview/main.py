import httpx
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/preview")
async def preview(url: str):
    async with httpx.AsyncClient(timeout=5) as client:
        try:
            answer = await client.get(url)
        except httpx.HTTPError:
            raise HTTPException(502, "cannot be fetched") from None
    return {"title": answer.text[:100]}

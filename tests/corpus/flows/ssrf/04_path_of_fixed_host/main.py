from urllib.parse import quote

import httpx2
from fastapi import FastAPI, HTTPException

app = FastAPI()
RATES = "https://rates.example/v1/"


@app.get("/rates/{currency}")
def rate(currency: str):
    try:
        answer = httpx2.get(RATES + quote(currency, safe=""), timeout=5)
    except httpx2.HTTPError:
        raise HTTPException(502) from None
    return answer.json()

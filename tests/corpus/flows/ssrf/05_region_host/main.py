from urllib.parse import quote

import requests
from fastapi import FastAPI, HTTPException

from clients import StatusClient

app = FastAPI()


@app.get("/status")
def status(region: str = "eu"):
    client = StatusClient(quote(region))
    try:
        return client.fetch()
    except requests.RequestException:
        raise HTTPException(502, "status is not available") from None

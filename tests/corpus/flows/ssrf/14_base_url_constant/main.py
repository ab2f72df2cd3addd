from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

from tenants import client

app = FastAPI()


@app.get("/tenants/{number}/health")
async def health(number: int, http: Annotated[httpx.AsyncClient, Depends(client)]):
    try:
        answer = await http.get(f"/tenants/{number}/health")
    except httpx.HTTPError:
        return {"status": None}
    return {"status": answer.status_code}

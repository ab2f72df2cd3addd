from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException

from tenants import HealthClient, health_client

app = FastAPI()
Health = Annotated[HealthClient, Depends(health_client)]


@app.get("/tenants/health")
async def health(client: Health):
    try:
        return {"status": await client.status()}
    except (httpx.HTTPError, httpx.InvalidURL):
        raise HTTPException(502) from None

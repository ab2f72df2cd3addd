from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from proxying import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with httpx.AsyncClient(timeout=5) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)
app.include_router(router, prefix="/proxy")

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from bookshop.api.v1 import admin, auth, books, me, purchases
from bookshop.core.config import settings
from bookshop.db import engine


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


api = APIRouter(prefix="/api/v1")
for module in (auth, books, purchases, me, admin):
    api.include_router(module.router)

app = FastAPI(title=settings.project_name, version="1.8.0", lifespan=lifespan)
app.include_router(api)


@app.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    return {"status": "ok"}

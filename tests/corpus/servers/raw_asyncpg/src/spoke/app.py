"""Spoke: parts and repairs for bicycles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from spoke.handlers import account, jobs, parts
from spoke.store import open_pool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await open_pool()
    try:
        yield
    finally:
        await app.state.pool.close()


def create_app() -> FastAPI:
    app = FastAPI(title="Spoke", version="4.1.0", lifespan=lifespan)
    app.include_router(account.router, tags=["account"])
    app.include_router(parts.router, tags=["parts"])
    app.include_router(jobs.router, tags=["jobs"])
    return app

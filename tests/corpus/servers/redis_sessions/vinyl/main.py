from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from redis.asyncio import Redis

from vinyl import people, records, sales
from vinyl.config import settings
from vinyl.tables import set_up


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    set_up()
    app.state.redis = Redis.from_url(settings.redis_url, decode_responses=True)
    await app.state.redis.ping()
    yield
    await app.state.redis.aclose()


app = FastAPI(title="Vinyl Corner", version="1.2.0", lifespan=lifespan)
app.include_router(people.router)
app.include_router(records.router)
app.include_router(sales.router)

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pymongo import AsyncMongoClient

from teahouse import orders, people, stockroom, teas
from teahouse.config import settings
from teahouse.seed import set_up


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    client = AsyncMongoClient(settings.mongo_url, tz_aware=True, maxPoolSize=20)
    app.state.db = client.get_default_database()
    await set_up(app.state.db)
    yield
    await client.close()


app = FastAPI(title="Harbour Tea", version="2.3.0", lifespan=lifespan)
app.include_router(people.router)
app.include_router(teas.router)
app.include_router(orders.router)
app.include_router(stockroom.router)

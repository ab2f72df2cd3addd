from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.database import create_db_and_tables, seed
from app.routers import baskets, customers, login, manage, teas


@asynccontextmanager
async def lifespan(app: FastAPI):
    create_db_and_tables()
    seed()
    yield


app = FastAPI(title=settings.PROJECT_NAME, lifespan=lifespan)
app.include_router(login.router)
app.include_router(teas.router)
app.include_router(baskets.router)
app.include_router(customers.router)
app.include_router(manage.router)

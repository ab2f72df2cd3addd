from contextlib import asynccontextmanager

from fastapi import FastAPI

from .db import prepare
from .routers import patients, session, staff


@asynccontextmanager
async def lifespan(_: FastAPI):
    prepare()
    yield


app = FastAPI(title="Clinic", lifespan=lifespan)
app.include_router(session.router)
app.include_router(patients.router, prefix="/patients")
app.include_router(staff.router, prefix="/staff")

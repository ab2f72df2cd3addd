"""The shop's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles
from starlette.middleware.sessions import SessionMiddleware

from app.backoffice import backoffice_app
from app.config import APP_DIR, settings
from app.db import create_tables, engine
from app.partner import partner_app
from app.routers import (
    accounts,
    admin,
    auth,
    catalog,
    files,
    internal,
    orders,
    pages,
    reports,
    support,
    webhooks,
)
from app.seed import seed


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables and the first rows; close the database at the end."""
    await create_tables()
    await seed()
    yield
    await engine.dispose()


app = FastAPI(title=settings.title, version="3.2.0", lifespan=lifespan, debug=True)

app.add_middleware(GZipMiddleware, minimum_size=2000)
app.add_middleware(SessionMiddleware, secret_key=settings.session_secret)
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://www.acorn-oak.example", "null"],
    allow_origin_regex=r"https://.*.acorn-oak.example",
    allow_credentials=True,
    allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    allow_headers=["Authorization", "Content-Type"],
)

app.mount("/static", StaticFiles(directory=APP_DIR / "static"), name="static")

for area in (auth, accounts, catalog, orders, files, reports, pages, support):
    app.include_router(area.router)
for area in (webhooks, internal, admin):
    app.include_router(area.router)

app.mount("/partner", partner_app)
app.mount("/backoffice", backoffice_app)
app.mount("/assets", StaticFiles(directory=APP_DIR), name="assets")


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}

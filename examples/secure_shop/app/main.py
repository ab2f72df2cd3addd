"""The shop's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from buckler.guard import ContentSecurityPolicy, Cors, Guard, HeaderPolicy
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.audit import audit
from app.backoffice import backoffice_app
from app.config import APP_DIR, settings
from app.db import create_tables, engine
from app.routers import (
    accounts,
    admin,
    auth,
    catalog,
    files,
    orders,
    pages,
    reports,
    support,
    webhooks,
)
from app.schemas import Done
from app.seed import seed


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables and the first rows; close the database at the end."""
    await create_tables()
    await seed()
    yield
    await engine.dispose()


app = FastAPI(
    title=settings.title,
    lifespan=lifespan,
    openapi_url="/openapi.json" if settings.development else None,
    docs_url="/docs" if settings.development else None,
    redoc_url=None,
)
Guard(
    app,
    headers=HeaderPolicy(
        content_security_policy=ContentSecurityPolicy(
            style_src=("'self'",), img_src=("'self'",), form_action=("'self'",)
        )
    ),
    hosts=settings.allowed_hosts,
    https="redirect" if settings.https_redirect else None,
    events=audit,
    cors=Cors(settings.site_origins),
    body=settings.max_body,
    upload=settings.max_body,
)

for area in (auth, accounts, catalog, orders, files):
    app.include_router(area.router)
for area in (reports, pages, support, webhooks, admin):
    app.include_router(area.router)

app.mount("/backoffice", backoffice_app)
app.mount("/static", StaticFiles(directory=APP_DIR / "static"), name="static")


@app.get("/health", response_model=Done)
async def health() -> Done:
    """Whether the process answers."""
    return Done(detail="ok")

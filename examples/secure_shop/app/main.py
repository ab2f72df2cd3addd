"""The shop's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from app import errors
from app.backoffice import backoffice_app
from app.config import APP_DIR, settings
from app.db import create_tables, engine
from app.middleware.body import BodyLimit
from app.middleware.headers import SecurityHeaders
from app.middleware.limits import Limit, RateLimit
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

LIMITS = {
    "/auth/token": Limit(30),
    "/auth/password/reset": Limit(10),
    "/auth/password/forgot": Limit(20, failures_only=False),
    "/auth/signup": Limit(20, failures_only=False),
}


class Shop(FastAPI):
    """FastAPI, with the layers that must lie outside Starlette's own error handling."""

    def build_middleware_stack(self) -> ASGIApp:
        """The usual stack, wrapped in limits and headers."""
        stack = super().build_middleware_stack()
        limited = BodyLimit(RateLimit(stack, limits=LIMITS), limit=settings.max_body)
        return SecurityHeaders(limited)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables and the first rows; close the database at the end."""
    await create_tables()
    await seed()
    yield
    await engine.dispose()


app = Shop(
    title=settings.title,
    lifespan=lifespan,
    openapi_url="/openapi.json" if settings.development else None,
    docs_url="/docs" if settings.development else None,
    redoc_url=None,
)
errors.install(app)

app.add_middleware(
    CORSMiddleware,
    allow_origins=settings.site_origins,
    allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    allow_headers=["Authorization", "Content-Type"],
)
if settings.https_redirect:
    app.add_middleware(HTTPSRedirectMiddleware)
app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts)

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

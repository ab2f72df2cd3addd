"""The shop: its parts, and who may call each of them."""

from buckler.guard import public, requires
from fastapi.staticfiles import StaticFiles

from app.application import app, guard
from app.backoffice import backoffice_app
from app.config import APP_DIR
from app.routers import (
    accounts,
    admin,
    catalog,
    files,
    orders,
    pages,
    reports,
    support,
    webhooks,
)
from app.schemas import Done

app.include_router(guard.identities.router())
for area in (accounts, catalog, orders, files):
    app.include_router(area.router)
for area in (reports, pages, support, webhooks, admin):
    app.include_router(area.router)

app.mount("/backoffice", requires("shop:manage")(backoffice_app))
app.mount("/static", public(StaticFiles(directory=APP_DIR / "static")), name="static")


@app.get("/health", response_model=Done, dependencies=[public])
async def health() -> Done:
    """Whether the process answers."""
    return Done(detail="ok")

"""The back office's own application. Who may call it stands where it is mounted."""

from fastapi import FastAPI
from sqlalchemy import func, select

from app.db import SessionDep
from app.models import Order

backoffice_app = FastAPI(
    title="Acorn & Oak back office", openapi_url=None, docs_url=None, redoc_url=None
)


@backoffice_app.get("/summary", response_model=dict[str, int])
async def summary(session: SessionDep) -> dict[str, int]:
    """Orders by status."""
    rows = await session.execute(select(Order.status, func.count()).group_by(Order.status))
    return {status: count for status, count in rows}

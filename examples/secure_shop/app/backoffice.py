"""The back office's own application: for administrators."""

from fastapi import Depends, FastAPI
from sqlalchemy import func, select

from app.db import SessionDep
from app.deps import require_admin
from app.models import Order

backoffice_app = FastAPI(
    title="Acorn & Oak back office",
    openapi_url=None,
    docs_url=None,
    redoc_url=None,
    dependencies=[Depends(require_admin)],
)


@backoffice_app.get("/summary", response_model=dict[str, int])
async def summary(session: SessionDep) -> dict[str, int]:
    """Orders by status."""
    rows = await session.execute(select(Order.status, func.count()).group_by(Order.status))
    return dict(rows.tuples().all())

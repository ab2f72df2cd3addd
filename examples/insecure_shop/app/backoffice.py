"""The back office's own application: for administrators."""

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import func, select

from app.config import settings
from app.db import SessionDep
from app.deps import require_admin
from app.models import Order

backoffice_app = FastAPI(
    title="Acorn & Oak back office",
    openapi_url=None,
    dependencies=[Depends(require_admin)],
)


@backoffice_app.get("/summary")
async def summary(session: SessionDep) -> dict[str, object]:
    """Orders by status."""
    rows = await session.execute(select(Order.status, func.count()).group_by(Order.status))
    return {status: count for status, count in rows.all()}


backoffice_app.mount("/exports", StaticFiles(directory=settings.export_dir))

"""For our own machines."""

import platform

from fastapi import APIRouter, Depends

from app.config import settings
from app.deps import require_internal
from app.schemas import Answer

router = APIRouter(prefix="/internal", tags=["internal"])

CACHE: dict[str, object] = {}


@router.get("/config")
def read_config() -> dict[str, object]:
    """The settings this process runs with."""
    return settings.model_dump(mode="json")


@router.get("/cache", include_in_schema=False)
def drop_cache() -> Answer:
    """Forget what is cached."""
    size = len(CACHE)
    CACHE.clear()
    return Answer(data={"dropped": size})


@router.get("/node", include_in_schema=False, dependencies=[Depends(require_internal)])
def read_node() -> Answer:
    """The machine this process runs on."""
    return Answer(detail=platform.node())

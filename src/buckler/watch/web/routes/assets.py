"""Style, script and what a script put in place of others: one address for each content, kept for a year."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from buckler.guard import public
from buckler.watch.web.pages import SCRIPTS, STYLE, content

router = APIRouter(prefix="/static", include_in_schema=False)
TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES: Final = frozenset(
    {"report.css", "watch.css", "watch.js", "icon.svg", *(f"vendor/{n}" for n in (*SCRIPTS, STYLE))}
)


@router.get("/{digest}/{name:path}", dependencies=[public])
async def asset(digest: str, name: str) -> Response:
    """A file, where it is one of ours."""
    body = content(name) if name in NAMES else None
    if body is None:
        raise HTTPException(404)
    kind = TYPES[name.rpartition(".")[2]]
    return Response(
        body, media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )

from fastapi import APIRouter, Depends, HTTPException, Request

from .upstream import Upstream, upstream_of

router = APIRouter()


@router.get("/{resource}")
async def forward(resource: str, upstream: Upstream = Depends(upstream_of)):
    try:
        return await upstream.get(resource)
    except OSError:
        raise HTTPException(502) from None

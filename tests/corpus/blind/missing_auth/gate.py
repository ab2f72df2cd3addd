import hashlib
import hmac
from functools import wraps
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader

DIGEST = "adc43710bacaa59011979c13dfb7bc4c5d4932374d0185ecdb3942c53b18c98e"
required = APIKeyHeader(name="X-API-Key")
optional = APIKeyHeader(name="X-API-Key", auto_error=False)


def known(key: str | None) -> bool:
    digest = hashlib.sha256((key or "").encode()).hexdigest()
    return hmac.compare_digest(digest, DIGEST)


def signed_in(key: Annotated[str, Depends(required)]) -> str:
    if not known(key):
        raise HTTPException(401)
    return "alice"


def maybe(key: Annotated[str | None, Depends(optional)] = None) -> str | None:
    if key is not None and not known(key):
        raise HTTPException(401)
    return key


def keyed(handler):
    @wraps(handler)
    async def wrapper(request: Request, *args, **kwargs):
        if not known(request.headers.get("x-api-key")):
            raise HTTPException(401)
        return await handler(request, *args, **kwargs)

    return wrapper


class Wall:
    """Asks for the key below the prefix, for every kind of connection."""

    def __init__(self, app, prefix: str):
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope, receive, send):
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(self.prefix):
            key = dict(scope["headers"]).get(b"x-api-key", b"").decode("latin-1")
            if not known(key):
                if scope["type"] == "websocket":
                    await receive()
                    await send({"type": "websocket.close", "code": 4401})
                    return
                answer = JSONResponse({"detail": "key?"}, status_code=401)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

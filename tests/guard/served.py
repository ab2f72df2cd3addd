"""The application that real servers run, one with every kind of answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
from fastapi import Request, UploadFile, WebSocket
from starlette.websockets import WebSocketDisconnect

from buckler.guard import WebSocketLimits, with_policy
from tests.guard.shop import shop


def made() -> Any:
    app = shop(
        Path(os.environ["SERVED_FILES"]),
        rate="1000000/minute",
        body="100 KB",
        upload="200 KB",
        files=2,
        websocket=WebSocketLimits(message=1000, rate="20/minute"),
        proxies=["10.0.0.0/8"],
    )

    @app.get("/limited")
    @with_policy(rate="2/hour")
    async def limited() -> dict[str, int]:
        return {"a": 1}

    @app.get("/slow")
    @with_policy(timeout=0.3)
    async def slow() -> None:
        await anyio.sleep(30)

    @app.post("/slow-body")
    @with_policy(timeout=0.5)
    async def slow_body(request: Request) -> int:
        return len(await request.body())

    @app.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/small")
    @with_policy(body=100)
    async def small(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/files")
    async def files(files: list[UploadFile]) -> dict[str, int]:
        return {"files": len(files)}

    @app.get("/values")
    async def values(request: Request) -> dict[str, Any]:
        return {"q": request.query_params.getlist("q"), "path": request.url.path}

    @app.get("/silent")
    async def silent(request: Request) -> Any:
        return Silent()

    @app.websocket("/fails-before")
    async def fails_before(socket: WebSocket) -> None:
        raise RuntimeError("secret of the inside")

    @app.websocket("/counts")
    async def counts(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            return

    return app


class Silent:
    """An answer that never comes, though the handler is through."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        return


app = made()

"""A small application with every kind of answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Response, WebSocket
from fastapi.responses import RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from buckler.guard import (
    Guard,
)


def shop(tmp_path: Any = None, **options: Any) -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/v1")

    @app.get("/")
    async def home() -> dict[str, int]:
        return {"a": 1}

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("secret of the inside")

    @app.get("/gone")
    async def gone() -> RedirectResponse:
        return RedirectResponse("/")

    @app.get("/says-no")
    async def says_no() -> None:
        raise HTTPException(403, "Members only")

    @app.get("/two-cookies")
    async def two_cookies(response: Response) -> dict[str, int]:
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", samesite="strict", secure=True, httponly=True)
        return {}

    @app.get("/own")
    async def own(response: Response) -> dict[str, int]:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["X-Powered-By"] = "PHP/5.2"
        return {}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> Any:
            for part in ("one", "two", "three"):
                yield part

        return StreamingResponse(parts(), media_type="text/plain")

    @app.post("/json")
    async def take(body: dict[str, Any]) -> dict[str, int]:
        return {"keys": len(body)}

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    @router.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"id": item_id}

    app.include_router(router)
    inner = Starlette(routes=[Route("/x", lambda request: PlainTextResponse("x"))])
    app.mount("/inner", inner)
    if tmp_path is not None:
        (tmp_path / "a.css").write_text("p{}")
        app.mount("/static", StaticFiles(directory=tmp_path))
    Guard(app, **options)
    return app

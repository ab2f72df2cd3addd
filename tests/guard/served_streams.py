"""The application that real servers run: streams in whose middle stands what no answer should hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from buckler.guard import AnswerError, Guard

GOOD = b'{"name": "ann"}\n'
BAD = b'{"name": "bob", "password_hash": "x9"}\n'


async def lines() -> AsyncIterator[bytes]:
    yield GOOD
    yield BAD
    yield GOOD


class Careless(StreamingResponse):
    """Goes on when its answer has failed, and ends as though nothing had been."""

    async def stream_response(self, send: Any) -> None:
        async def sent(message: Any) -> None:
            try:
                await send(message)
            except AnswerError:
                return

        await super().stream_response(sent)


app = FastAPI()


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(lines(), media_type="application/x-ndjson")


@app.get("/careless")
async def careless() -> StreamingResponse:
    return Careless(lines(), media_type="application/x-ndjson")


@app.get("/whole")
async def whole() -> StreamingResponse:
    return Careless(iter([b"[", BAD, b"]"]), media_type="application/json")


Guard(app, answers="fail")

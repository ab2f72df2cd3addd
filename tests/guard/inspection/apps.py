"""Applications under inspection, and what is sent to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request

from buckler.guard import Guard, Inspection, SecurityEvent
from tests.guard.asgi import Answer, ask

JSON = {"content-type": "application/json"}


def inspected(
    inspection: Inspection | None = None, **options: Any
) -> tuple[FastAPI, list[SecurityEvent]]:
    """One that takes anything, and what is seen."""
    app = FastAPI()

    @app.get("/")
    @app.get("/items/{name:path}")
    async def read(request: Request) -> str:
        return "read"

    @app.post("/")
    async def write(request: Request) -> int:
        return len(await request.body())

    seen: list[SecurityEvent] = []

    def hear(event: SecurityEvent) -> None:
        if event.kind == "request.attack_seen":
            seen.append(event)

    Guard(app, rate=None, events=hear, inspect=inspection or Inspection(), **options)
    return app, seen


async def sent_in_body(app: Any, value: str) -> Answer:
    """A value in JSON; or what its prefix says."""
    if value.startswith("@query "):
        return await ask(app, "GET", "/", query=value[7:].encode())
    body = value[6:] if value.startswith("@json ") else json.dumps({"items": [{"text": value}]})
    return await ask(app, "POST", "/", JSON, body.encode())


async def sent_in_query(app: Any, value: str) -> Answer:
    """A value in the query, encoded as browsers do."""
    if value.startswith("@"):
        return await sent_in_body(app, value)
    return await ask(app, "GET", "/", query=b"q=" + quote(value, safe="").encode())


def judged(values: Iterable[tuple[str, str]], *, query: bool) -> list[tuple[str, str, set[str]]]:
    """Kind, value, and the kinds that were seen in it."""
    app, seen = inspected()
    found = []

    async def run() -> None:
        for kind, value in values:
            seen.clear()
            answer = await (sent_in_query if query else sent_in_body)(app, value)
            assert answer.status == 200, value
            found.append((kind, value, {event.reason for event in seen}))

    asyncio.run(run())
    return found

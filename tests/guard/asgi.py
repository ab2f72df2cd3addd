"""Drives an ASGI application as a server would, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None

    def values(self, name: str) -> list[str]:
        wanted = name.lower().encode()
        return [v.decode("latin-1") for k, v in self.headers if k.lower() == wanted]

    def header(self, name: str) -> str | None:
        found = self.values(name)
        assert len(found) < 2, f"{name} came {len(found)} times: {found}"
        return found[0] if found else None


def scope(
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    query: bytes = b"",
    client: str | tuple[str, int] | None = "198.51.100.7",
    scheme: str = "http",
    kind: str = "http",
    **more: Any,
) -> dict[str, Any]:
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.insert(0, ("host", "shop.example"))
    found: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in pairs],
        "client": (client, 40000) if isinstance(client, str) else client,
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    if kind == "http":
        found["method"] = method
    else:
        found["subprotocols"] = []
    return {**found, **more}


async def ask(
    app: Any,
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | list[bytes] = b"",
    **more: Any,
) -> Answer:
    """One request; a list of parts is sent without a length."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    parts = [body] if isinstance(body, bytes) else list(body)
    names = {name.lower() for name, _ in pairs}
    if isinstance(body, list):
        pairs.append(("transfer-encoding", "chunked"))
    elif body and "content-length" not in names:
        pairs.append(("content-length", str(len(body))))
    answer = Answer()
    waiting = [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]

    ended = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answer.messages.append(message)
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = list(message["headers"])
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")
            if not message.get("more_body"):
                ended.set()

    try:
        await app(scope(method, path, pairs, **more), receive, send)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        answer.error = error
    return answer


def get(app: Any, path: str = "/", headers: Any = (), **more: Any) -> Answer:
    return asyncio.run(ask(app, "GET", path, headers, **more))


def post(
    app: Any, path: str = "/", body: bytes | list[bytes] = b"", headers: Any = (), **more: Any
) -> Answer:
    return asyncio.run(ask(app, "POST", path, headers, body, **more))

"""The examples of docs/guard.md run as they stand there."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from buckler.guard import Guard
from buckler.guard.guard import INSTALLED
from buckler.guard.testing import guard_events, guard_headers, guard_rate
from tests.conftest import ROOT

__all__ = ["guard_events", "guard_headers", "guard_rate"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What all of them together define."""
    found: dict[str, Any] = {"__name__": "docs.guard"}
    for block in BLOCK.findall((ROOT / "docs/guard.md").read_text(encoding="utf-8")):
        exec(compile(block, "docs/guard.md", "exec"), found)
    return found


@contextmanager
def guard_of(app: Any) -> Iterator[list[str]]:
    """Kinds of attack that are told meanwhile."""
    seen: list[str] = []
    with getattr(app, INSTALLED).listening(lambda event: seen.append(event.reason)):
        yield seen


def test_the_applications_answer(names: dict[str, Any]) -> None:
    with TestClient(names["app"], base_url="https://shop.example") as client:
        answer = client.get("/openapi.json")
        assert answer.status_code == 200
        assert "strict-transport-security" in answer.headers
        sent = client.post("/import", files={"file": ("a.csv", b"x" * 2_000_000)})
        assert (sent.status_code, sent.json()) == (200, {"size": 2_000_000})
    with TestClient(names["site"]) as client:
        answer = client.get("/docs")
        assert answer.headers["reporting-endpoints"] == 'csp="/csp-reports"'
        assert '"cookies"' in client.post("/sign-out").headers["clear-site-data"]
    content = {"a": "<script>alert(1)</script>", "b": "' or 1=1--"}
    with TestClient(names["watched"]) as client:
        with guard_of(names["watched"]) as seen:
            assert client.put("/pages/home", json=content).status_code == 200
        assert seen == ["sql"]
    alone = TestClient(names["small"]).get("/")
    assert (alone.headers["x-frame-options"], "ratelimit" in alone.headers) == ("DENY", True)


def test_what_was_refused_is_written_where_somebody_listens(
    names: dict[str, Any], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for app, lines in ((names["app"], 0), (names["told"], 1)):
        with caplog.at_level(logging.INFO), TestClient(app, base_url="http://localhost") as client:
            assert client.get("/openapi.json").status_code == 400
        written = [json.loads(line)["kind"] for line in capfd.readouterr().out.splitlines()]
        assert written == ["request.host_refused"] * lines
        assert [one for one in caplog.records if one.name == "buckler.guard"] == []


def test_a_websocket_of_the_test_client_needs_its_whole_address() -> None:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")

    Guard(app, hosts=["shop.example"])
    with TestClient(app, base_url="http://shop.example") as client:
        with client.websocket_connect("ws://shop.example/ws") as socket:
            assert socket.receive_text() == "hello"
        with pytest.raises(WebSocketDenialResponse) as refused:
            client.websocket_connect("/ws").__enter__()
    assert refused.value.status_code == 400


def test_the_test_of_the_page(
    names: dict[str, Any],
    guard_headers: Callable[..., list[str]],
    guard_events: Any,
    guard_rate: Any,
) -> None:
    names["test_headers"](guard_headers, guard_events, guard_rate)

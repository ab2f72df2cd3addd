"""How many websockets are open at once: of an application, of one caller."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from fastapi import FastAPI, WebSocket

from buckler.guard import Guard, GuardError, WebSocketBounds, WebSocketLimits
from buckler.guard.presets import PRESETS
from tests.guard.asgi import scope

DENIAL: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}


def rooms(**options: Any) -> tuple[FastAPI, list[Any]]:
    app = FastAPI()
    events: list[Any] = []

    @app.websocket("/room/{name}")
    async def room(socket: WebSocket, name: str) -> None:
        if name == "fails":
            raise RuntimeError("inside")
        if name == "waits":
            await asyncio.sleep(60)
        await socket.accept()
        async for _ in socket.iter_text():
            pass

    Guard(app, events=events.append, websocket=WebSocketLimits(**options))
    return app, events


class Caller:
    """One websocket, driven message by message; it stays until it leaves or the loop ends."""

    kept: ClassVar[set[asyncio.Task[None]]] = set()

    def __init__(
        self, app: Any, client: str = "198.51.100.7", path: str = "/room/a", **more: Any
    ) -> None:
        more = {**DENIAL, **more}
        self.sent: list[dict[str, Any]] = []
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        asked = scope(path=path, kind="websocket", client=client, scheme="ws", **more)
        if not client:
            asked["client"] = None
        self._task = asyncio.create_task(self._run(app, asked))
        self.kept.add(self._task)
        self._task.add_done_callback(self.kept.discard)

    async def _run(self, app: Any, asked: dict[str, Any]) -> None:
        async def send(message: Any) -> None:
            self.sent.append(dict(message))

        try:
            await app(asked, self._said.get, send)
        except RuntimeError:
            self.sent.append({"type": "raised"})

    async def answer(self) -> int:
        """101, the status of a refusal, or 0 where nothing came yet."""
        for _ in range(20):
            await asyncio.sleep(0)
        if not self.sent:
            return 0
        first = self.sent[0]
        return 101 if first["type"] == "websocket.accept" else int(first.get("status", 500))

    async def leave(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self._task


def test_an_application_has_no_more_than_so_many() -> None:
    app, events = rooms(connections=3, connections_per_address=None)

    async def run() -> None:
        callers = [Caller(app, f"203.0.113.{n}") for n in range(4)]
        assert [await caller.answer() for caller in callers] == [101, 101, 101, 503]
        start = callers[3].sent[0]
        assert (b"retry-after", b"10") in start["headers"]
        assert (b"x-content-type-options", b"nosniff") in start["headers"]
        await callers[0].leave()
        assert await Caller(app).answer() == 101
        assert await Caller(app).answer() == 503

    asyncio.run(run())
    refused = [event for event in events if event.reason == "websocket_connections"]
    assert [(e.kind, e.status, e.route, e.detail["limit"]) for e in refused] == [
        ("request.limit_exceeded", 503, "/room/{name}", "application")
    ] * 2


def test_a_caller_has_no_more_than_so_many() -> None:
    app, events = rooms(connections_per_address=2)

    async def run() -> None:
        mine = [Caller(app, "2001:db8:1:2::1"), Caller(app, "2001:db8:1:2::2")]
        assert [await one.answer() for one in mine] == [101, 101]
        third = Caller(app, "2001:db8:1:2:ffff::3")
        assert await third.answer() == 429
        assert await Caller(app, "2001:db8:1:3::1").answer() == 101
        await mine[0].leave()
        assert await Caller(app, "2001:db8:1:2::4").answer() == 101

    asyncio.run(run())
    assert [e.detail["limit"] for e in events if e.reason == "websocket_connections"] == ["address"]


def test_handshakes_under_way_count_and_failures_give_their_place_back() -> None:
    app, _ = rooms(connections=2)

    async def run() -> None:
        for _ in range(5):
            assert await Caller(app, path="/room/fails").answer() == 500
        assert await Caller(app, path="/room/waits").answer() == 0
        assert await Caller(app, path="/room/waits").answer() == 0
        assert await Caller(app).answer() == 503

    asyncio.run(run())


def test_callers_without_an_address_are_not_taken_for_one() -> None:
    app, _ = rooms(connections=3, connections_per_address=1)

    async def run() -> None:
        assert [await Caller(app, "").answer() for _ in range(4)] == [101, 101, 101, 503]

    asyncio.run(run())


def test_none_is_any_number_and_nonsense_an_error() -> None:
    app, _ = rooms(connections=None, connections_per_address=None)

    async def run() -> None:
        assert {await Caller(app).answer() for _ in range(150)} == {101}

    asyncio.run(run())
    for wrong in (0, -1, 2.5, "many"):
        with pytest.raises(GuardError, match="above zero"):
            WebSocketLimits(connections=wrong)  # type: ignore[arg-type]
        with pytest.raises(GuardError, match="above zero"):
            WebSocketLimits(connections_per_address=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("preset", "most"), [("api", 100), ("site", 100), ("strict", 20)])
def test_each_preset_has_a_bound(preset: str, most: int) -> None:
    limits = PRESETS[preset]().websocket
    assert limits is not None
    assert limits.connections == most * 10
    app = FastAPI()

    @app.websocket("/room/a")
    async def room(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()

    Guard(app, preset, https=None, rate=None)  # type: ignore[arg-type]

    async def run() -> list[int]:
        return [await Caller(app).answer() for _ in range(most + 1)]

    assert asyncio.run(run()) == [101] * most + [429]


def test_the_part_alone_has_it_and_a_server_without_denials_closes() -> None:
    app, _ = rooms()
    alone = WebSocketBounds(app, WebSocketLimits(connections=1))

    async def run() -> None:
        assert await Caller(alone).answer() == 101
        assert await Caller(alone).answer() == 503
        closed = Caller(alone, extensions={})
        await closed.answer()
        # 1013: Try Again Later (IANA, WebSocket Close Code Number Registry).
        assert closed.sent == [{"type": "websocket.close", "code": 1013, "reason": "Too busy"}]

    asyncio.run(run())


def test_what_a_listener_writes_into_an_event_is_not_in_the_next_one() -> None:
    app, events = rooms(connections=1)

    async def run() -> None:
        assert await Caller(app).answer() == 101
        assert await Caller(app).answer() == 503
        events[0].detail["seen by"] = "a listener"
        assert await Caller(app).answer() == 503

    asyncio.run(run())
    assert [dict(event.detail) for event in events] == [
        {"limit": "application", "seen by": "a listener"},
        {"limit": "application"},
    ]


def test_a_server_may_leave_out_what_asgi_lets_it() -> None:
    app = FastAPI()

    @app.websocket("/room")
    async def room(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(f"{dict(socket.query_params)} {socket.url.path}")

    Guard(app)
    asked: dict[str, Any] = {"type": "websocket", "asgi": {"version": "3.0"}, "path": "/room"}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    made: Any = app
    asked["headers"] = [(b"host", b"shop.example")]
    asyncio.run(made(asked, receive, send))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
    assert sent[1]["text"] == "{} /room"

"""One address that holds all places of an application keeps no other address out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request

from buckler.guard import Guard
from buckler.guard.limits import in_flight, proxies
from tests.guard.asgi import ask

PLACES = 8


def application() -> FastAPI:
    app = FastAPI()

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    @app.get("/")
    async def home() -> str:
        return "home"

    Guard(app, concurrency=PLACES)
    return app


async def slowly(app: FastAPI, client: str) -> int:
    """A request whose body never comes; the status of its answer."""
    statuses: list[int] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/upload",
            "raw_path": b"/upload",
            "query_string": b"",
            "root_path": "",
            "client": (client, 4),
            "server": ("shop", 80),
            "headers": [(b"host", b"shop"), (b"content-length", b"10")],
        },
        receive,
        send,
    )
    return statuses[0]


async def held(app: FastAPI, *clients: str) -> tuple[list[int], list[int]]:
    """What others are told while all places are held, and what became of those that hold them."""
    tasks = [asyncio.create_task(slowly(app, client)) for client in clients]
    await asyncio.sleep(0.05)
    asked = [(await ask(app, "GET", "/", client=f"198.51.100.{n}")).status for n in range(3)]
    await asyncio.sleep(0.05)
    ended = [task.result() for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return asked, ended


def test_who_holds_all_places_loses_some_to_others() -> None:
    asked, ended = asyncio.run(held(application(), *["203.0.113.6"] * PLACES))
    # One place was free as soon as one was taken.
    assert asked == [200] * 3
    assert 1 <= len(ended) <= 3
    assert set(ended) == {503}


def test_of_many_who_hold_their_share_nobody_loses_a_place() -> None:
    clients = [f"203.0.113.{number // 2}" for number in range(PLACES)]
    assert asyncio.run(held(application(), *clients)) == ([503] * 3, [])


def test_where_all_look_like_one_nobody_loses_a_place() -> None:
    async def main() -> tuple[int, int]:
        app = application()
        tasks = [asyncio.create_task(slowly(app, "10.0.0.1")) for _ in range(PLACES)]
        await asyncio.sleep(0.05)
        answer = await ask(app, "GET", "/", client="10.0.0.1")
        done = sum(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return answer.status, done

    assert asyncio.run(main()) == (503, 0)


def test_a_flood_of_others_does_not_have_all_places_counted_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0

    def bucket(client: str) -> str:
        nonlocal looked
        looked += 1
        return proxies.bucket(client)

    monkeypatch.setattr(in_flight, "bucket", bucket)

    async def main() -> set[int]:
        app = application()
        clients = [f"203.0.113.{number // 2}" for number in range(PLACES)]
        tasks = [asyncio.create_task(slowly(app, client)) for client in clients]
        await asyncio.sleep(0.05)
        others = (ask(app, "GET", "/", client=f"198.51.100.{n}") for n in range(100))
        answers = await asyncio.gather(*others)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return {answer.status for answer in answers}

    assert asyncio.run(main()) == {503}
    assert looked < 100 * PLACES

"""The look into a large answer lets other requests have their turn, and sees what it saw before."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from starlette.responses import Response

from buckler.guard import Guard
from tests.guard.asgi import Answer, ask
from tests.guard.watcher import watched

LOOP_MS = 15
SLACK = 3
ROWS = [
    {
        "id": n,
        "name": f"Ann Example {n}",
        "mail": f"ann{n}@shop.example",
        "note": "called on Monday",
    }
    for n in range(8_500)
]
COSTLY: dict[str, Any] = {
    "rows": ROWS,
    "groups of digits": ["1234 5678 9012 " * 50] * 1_080,
    "one text of digits": "1234 5678 9012 " * 54_000,
    "almost cards": ["4111 1111 1111 1112"] * 45_000,
    "a text of almost cards": "4111 1111 1111 1112 " * 50_000,
    "numbers": list(range(140_000)),
    "long numbers": [10**18 + n for n in range(45_000)],
    "almost addresses": "://a:" * 200_000,
    "words of shapes": "token eyJ bearer sk- xoxb " * 38_000,
}
KEY = "sk-ant-api03-Qw3rTy7uIoPaS4dFgHjK8lZxCvBnM"
CARD = "4111 1111 1111 1111"


def answering(content: Any, mode: Literal["log", "strip"], events: Any = None) -> FastAPI:
    app = FastAPI()
    body = json.dumps(content).encode()

    @app.get("/")
    async def home() -> Response:
        return Response(body, media_type="application/json")

    Guard(app, answers=mode, rate=None, events=events)
    return app


@pytest.mark.parametrize("mode", ["log", "strip"])
@pytest.mark.parametrize("name", COSTLY)
def test_others_have_their_turn_meanwhile(name: str, mode: Literal["log", "strip"]) -> None:
    app = answering(COSTLY[name], mode)

    async def run() -> tuple[Answer, float]:
        await ask(app, "GET", "/missing")
        async with watched() as stalls:
            answer = await ask(app)
        return answer, stalls.longest

    answer, stalled = asyncio.run(run())
    assert answer.status == 200
    assert json.loads(answer.body) == COSTLY[name]
    assert stalled < LOOP_MS * SLACK


@pytest.mark.parametrize("secret", [KEY, CARD])
@pytest.mark.parametrize(
    "before", [0, 8_000, 24_560, 32_740, 32_760, 32_767, 57_300, 65_530, 900_000]
)
def test_a_secret_in_a_long_text_is_seen_wherever_it_stands(before: int, secret: str) -> None:
    app = answering({"text": "a " * (before // 2) + secret + " b" * 20_000, "id": 1}, "strip")
    assert json.loads(asyncio.run(ask(app)).body) == {"id": 1}


@pytest.mark.parametrize("before", range(32_730, 32_770, 2))
def test_where_a_long_text_is_parted_no_longer_number_is_taken_for_a_card(before: int) -> None:
    content = {"text": "a " * (before // 2) + CARD + "1234 5678" * 3 + " b" * 20_000}
    assert json.loads(asyncio.run(ask(answering(content, "strip"))).body) == content


def test_a_secret_among_thousands_of_values_is_seen() -> None:
    events: list[Any] = []
    rows = [*ROWS[:5_000], {"id": 0, "note": KEY}, *ROWS[5_000:]]
    answer = asyncio.run(ask(answering(rows, "strip", events.append)))
    assert json.loads(answer.body) == [*ROWS[:5_000], {"id": 0}, *ROWS[5_000:]]
    told = [event for event in events if event.kind == "answer.secret"]
    assert [event.detail["fields"] for event in told] == ["*.note (cloud_key)"]


def test_a_card_as_a_number_is_seen() -> None:
    content = {"card_number": 4111111111111111, "total": 4111111111111112, "rate": 1.5}
    kept = json.loads(asyncio.run(ask(answering(content, "strip"))).body)
    assert kept == {"total": 4111111111111112, "rate": 1.5}

"""An error that quotes its request costs as little as any other: what is looked at is bounded."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, field_validator, model_validator

from buckler.core.redact import Redactor
from buckler.guard import Guard
from buckler.guard.errors import details
from tests.guard.asgi import Answer, get, post

KIND = {"content-type": "application/json"}
SIZE = 900_000
LOOKED_AT = 10_000
"""Characters of one answer: 4,096 for its texts, and a line of the log of 3,000 or two."""
KEY = "sk-ant-api03-Qw3rTy7uIoPaS4dFgHjK8lZxCvBnM"


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is searched."""
    seen: list[str] = []
    tells, masked = details.tells_inside, Redactor.text

    def searched(text: str, *more: Any) -> bool:
        seen.append(text)
        return tells(text, *more)

    def redacted(self: Redactor, text: str) -> str:
        seen.append(text)
        return masked(self, text)

    monkeypatch.setattr(details, "tells_inside", searched)
    monkeypatch.setattr(Redactor, "text", redacted)
    return seen


def refusing(detail: Any, status: int = 400, headers: Any = None) -> Answer:
    app = FastAPI()

    @app.get("/")
    async def home() -> None:
        raise HTTPException(status, detail, headers)

    Guard(app)
    return get(app)


def nested(size: int, depth: int) -> Any:
    return ["word"] * size if depth == 0 else [nested(size, depth - 1)] * size


@pytest.mark.parametrize(
    "detail",
    [
        "no such thing: " + "4111 1111 " * (SIZE // 10),
        "no such thing: " + "://a:b@" * (SIZE // 7),
        {"unknown": ["4111 1111 " * 400] * 200},
        {"unknown": ["a word or two " * 30] * 2_000},
        {"unknown": ["a"] * 100_000},
        {f"name {number}": "a" for number in range(50_000)},
        {"a" * 1_000 + str(number): 1 for number in range(800)},
        nested(300, 2),
    ],
    ids=["cards", "addresses", "long", "many", "short", "names", "long names", "nested"],
)
def test_of_a_detail_that_quotes_a_request_a_bounded_part_is_looked_at(
    detail: Any, looked_at: list[str]
) -> None:
    answer = refusing(detail)
    assert answer.status == 400
    assert sum(map(len, looked_at)) <= LOOKED_AT
    assert len(looked_at) <= 1_000
    assert len(answer.body) < LOOKED_AT


def test_headers_share_the_bound(looked_at: list[str]) -> None:
    headers = {f"x-{number}": f"{number} a word or two " * 200 for number in range(8)}
    answer = refusing("The order is gone", 404, headers)
    assert sum(len(text) for text in looked_at if not text.startswith("'")) <= 2 * details.MAX_TEXT
    assert [name for name in headers if answer.values(name)] == ["x-0"]


def test_numbers_are_bounded_too() -> None:
    kept = json.loads(refusing({"ids": list(range(200_000)), "big": 10**6000}).body)["errors"]
    assert 0 < len(kept["ids"]) <= details.MAX_PARTS
    assert kept["ids"] == list(range(len(kept["ids"])))
    assert json.loads(refusing({"big": 10**6000, "small": 7}).body)["errors"] == {
        "big": None,
        "small": 7,
    }


def test_what_people_read_stays_whole() -> None:
    said = {
        "detail": [{"field": f"items.{n}", "says": "must be before the end"} for n in range(40)],
        "ids": list(range(500)),
    }
    assert json.loads(refusing(said).body)["errors"] == said
    words = "The order could not be changed, since it was shipped on 2026-01-05. " * 50
    assert json.loads(refusing(words).body)["detail"] == words


def test_a_text_that_is_too_long_takes_nothing_from_the_others() -> None:
    kept = json.loads(refusing({"quoted": "x" * SIZE, "says": "Try again"}).body)["errors"]
    assert kept == {"quoted": None, "says": "Try again"}


@pytest.mark.parametrize("before", range(2_940, 3_010, 3))
def test_no_half_of_a_secret_stays_where_the_line_of_the_log_is_cut(
    before: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    # Masked, what stands before is short, and the cut is on the line.
    refusing("Bearer 1" + "a" * (before - 9) + " " + KEY + " and more" * 1_000, 500)
    assert "it said: 'Bearer 1aa…" in caplog.text
    assert KEY[:12] not in caplog.text


def test_a_line_of_the_log_has_what_was_said_up_to_its_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusing({"why": ["one", 2, ("three",)], b"k": {"deep": None}}, 500)
    for part in ("'why'", "'one'", "2", "'three'", "b'k'", "'deep'", "None"):
        assert part in caplog.text
    detail: list[Any] = []
    detail.append(detail)
    refusing(detail, 500)
    refusing({"n": 10**6000}, 500)
    assert caplog.text.count("it said") == 3
    assert "many digits" in caplog.text


class Note(BaseModel):
    text: str = ""
    names: list[str] = []

    @field_validator("text")
    @classmethod
    def short(cls, text: str) -> str:
        if len(text) > 100:
            raise ValueError("a note has 100 letters at most")
        if text.startswith("quote"):
            raise ValueError(f"not good: {text}")
        return text

    @model_validator(mode="after")
    def few(self) -> Note:
        if len(self.names) > 10:
            raise ValueError("ten are enough")
        return self


def said(body: Any) -> list[str]:
    app = FastAPI()

    @app.post("/")
    async def write(notes: list[Note]) -> None:
        pass

    Guard(app)
    answer = post(app, "/", json.dumps(body).encode(), KIND)
    assert answer.status == 422
    return [error["msg"] for error in json.loads(answer.body)["errors"]]


def test_words_of_a_validator_are_compared_with_a_bounded_part_of_what_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from buckler.guard.errors import mistakes

    seen: list[str] = []
    tidy = mistakes._tidy

    def tidied(text: str) -> str:
        seen.append(text)
        return tidy(text)

    monkeypatch.setattr(mistakes, "_tidy", tidied)
    many = [{"text": "some word " * 1_700}] * 50
    assert said(many)
    assert sum(map(len, seen)) < 2 * mistakes.MAX_COMPARED
    seen.clear()
    assert said([{"names": ["abc"] * 100_000}]) == [mistakes.UNSAID]
    assert sum(map(len, seen)) < 2 * mistakes.MAX_COMPARED
    assert len(seen) < 2_000


def test_words_about_a_long_or_a_many_sided_input_stay() -> None:
    assert said([{"text": "some word " * 8_000}]) == ["Value error, a note has 100 letters at most"]
    assert said([{"names": [str(n) for n in range(500)]}]) == ["Value error, ten are enough"]


@pytest.mark.parametrize(
    "text", ["quote hunter2hunter2", "quote" + " " * 50 + "hunter2hunter2", "quote a b c"]
)
def test_words_that_quote_are_still_not_said(text: str) -> None:
    assert said([{"text": text}]) == ["The value is not valid"]

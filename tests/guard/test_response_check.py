"""Answers that hold what no answer should."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from buckler.guard import AnswerError, Guard, with_policy
from buckler.guard.response_check.judging import Mode
from tests.guard.asgi import get

# The example of the PHC string format's own specification.
ARGON = "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno"
# A JWT of RFC 7515, appendix A.1, with its signature.
JWT = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
    "gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
CARD = "4111 1111 1111 1111"


class Token(BaseModel):
    access_token: str
    token_type: str


class Careless(BaseModel):
    name: str
    hashed_password: str


def shop(answers: Mode | None = "fail", events: Any = None) -> FastAPI:
    app = FastAPI()

    @app.get("/raw")
    async def raw() -> JSONResponse:
        return JSONResponse(
            {"users": [{"name": "ann", "password_hash": "x9", "note": ARGON}, {"name": "bob"}]}
        )

    @app.get("/token")
    async def token() -> Token:
        return Token(access_token=JWT, token_type="bearer")

    @app.get("/careless")
    async def careless() -> Careless:
        return Careless(name="ann", hashed_password="abc")

    @app.get("/declared")
    @with_policy(secrets=["webhook_secret"])
    async def declared() -> JSONResponse:
        return JSONResponse({"webhook_secret": "whsec_0a1b2c3d4e5f6a7b"})

    @app.get("/card")
    async def card() -> JSONResponse:
        return JSONResponse({"paid with": CARD})

    @app.get("/fine")
    async def fine() -> JSONResponse:
        return JSONResponse(
            {
                "token_type": "bearer",
                "password": "********",
                "passwordless": True,
                "order_number": "4111111111111111",
                "grouped": "4111 1111 1111 1112",
                "commit_hash": "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
                "id": 4242424242424242,
                "phone": "+49 151 23456789",
                "commit_hash_algorithm": "sha256",
                "session": {"id": 7},
                "etag": "d41d8cd98f00b204e9800998ecf8427e",
                "secretary": "Ann",
            }
        )

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> Any:
            yield b'{"api_key": "'
            yield b"k-0123456789abcdef"
            yield b'"}'

        return StreamingResponse(parts(), media_type="application/json")

    Guard(app, answers=answers, events=events)
    return app


@pytest.mark.parametrize("path", ["/raw", "/careless", "/card", "/stream"])
def test_in_tests_such_an_answer_fails(path: str) -> None:
    answer = get(shop(), path)
    assert answer.status == 500
    assert isinstance(answer.error, AnswerError)
    assert path in answer.error.message


@pytest.mark.parametrize("path", ["/token", "/declared", "/fine"])
def test_what_is_meant_passes(path: str) -> None:
    answer = get(shop(), path)
    assert (answer.status, answer.error) == (200, None)
    json.loads(answer.body)


def test_under_pytest_it_fails_by_itself() -> None:
    app = FastAPI()

    @app.get("/")
    async def home() -> JSONResponse:
        return JSONResponse({"password_hash": "x"})

    Guard(app)
    assert isinstance(get(app).error, AnswerError)


def test_in_production_the_field_is_taken_out() -> None:
    events: list[Any] = []
    answer = get(shop("strip", events.append), "/raw")
    assert json.loads(answer.body) == {"users": [{"name": "ann"}, {"name": "bob"}]}
    assert answer.header("content-length") == str(len(answer.body))
    told = [event for event in events if event.kind == "answer.secret"]
    assert [event.detail["fields"] for event in told] == [
        "users.*.note (password_hash), users.*.password_hash (name)"
    ]
    assert ARGON not in repr(events)


def test_or_it_is_logged() -> None:
    events: list[Any] = []
    answer = get(shop("log", events.append), "/stream")
    assert json.loads(answer.body) == {"api_key": "k-0123456789abcdef"}
    assert [e.reason for e in events if e.kind == "answer.secret"] == ["name"]


@pytest.mark.parametrize("mode", ["fail", "strip"])
def test_answers_that_are_too_large_or_no_json_pass(mode: Mode) -> None:
    app = FastAPI()
    body = b'{"a": "' + b"x" * 3_000_000

    @app.get("/large")
    async def large() -> StreamingResponse:
        async def parts() -> Any:
            for at in range(0, len(body), 100_000):
                yield body[at : at + 100_000]

        return StreamingResponse(parts(), media_type="application/json")

    @app.get("/broken")
    async def broken() -> StreamingResponse:
        return StreamingResponse(iter([b'{"a": [', b"1"]), media_type="application/problem+json")

    @app.get("/deep")
    async def deep() -> StreamingResponse:
        return StreamingResponse(
            iter([b"[" * 50_000 + b"]" * 50_000]), media_type="application/json"
        )

    Guard(app, answers=mode)
    assert get(app, "/large").body == body
    assert get(app, "/broken").body == b'{"a": [1'
    assert len(get(app, "/deep").body) == 100_000


def test_nothing_is_held_back_where_nobody_asked() -> None:
    answer = get(shop(None), "/stream")
    assert len([m for m in answer.messages if m["type"] == "http.response.body"]) == 4
    asyncio.run(asyncio.sleep(0))

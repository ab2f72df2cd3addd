"""Errors tell the caller nothing of the inside, and the log everything under the same number."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI, HTTPException, Query
from pydantic import BaseModel, SecretStr, field_validator
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from buckler.guard import Guard, ProblemDetails
from tests.guard.asgi import Answer, get, post

SECRET = "hunter2hunter2"


class Account(BaseModel, extra="forbid"):
    name: Annotated[str, Body(max_length=5)]
    password: SecretStr
    age: int = 0

    @field_validator("name")
    @classmethod
    def known(cls, value: str) -> str:
        if value == "evil":
            raise ValueError(f"{value} is no name")
        if value == "weak":
            raise ValueError("a name needs more letters")
        return value


def shop() -> FastAPI:
    app = FastAPI()

    @app.post("/accounts")
    async def create(account: Account) -> dict[str, str]:
        return {}

    @app.get("/search")
    async def search(limit: Annotated[int, Query(le=10)]) -> dict[str, str]:
        return {}

    @app.get("/kept")
    async def kept() -> None:
        raise HTTPException(409, "This order is paid already", {"X-Reason": "paid"})

    @app.get("/leaks/{how}")
    async def leaks(how: str) -> None:
        if how == "cause":
            try:
                int("x1y2z3")
            except ValueError as error:
                raise HTTPException(400, f"Bad value: {error}") from error
        if how == "context":
            try:
                raise LookupError("the inner word")
            except LookupError as error:
                raise HTTPException(400, str(error))  # noqa: B904
        details = {
            "path": "cannot open /etc/shop/settings.yaml",
            "statement": "near: SELECT * FROM users WHERE id = 3",
            "server": "no route to postgresql://db/shop",
            "status": "the disk is full",
        }
        raise HTTPException(500 if how == "status" else 400, details[how])

    @app.get("/structured")
    async def structured() -> None:
        raise HTTPException(400, {"code": 7, "path": "/home/app/main.py", "text": "Try again"})

    @app.get("/boom")
    async def boom() -> None:
        raise ZeroDivisionError("inside")

    Guard(app)
    return app


def problem(answer: Answer) -> dict[str, Any]:
    assert answer.header("content-type") == "application/problem+json"
    found = json.loads(answer.body)
    assert found["status"] == answer.status
    assert len(found["incident"]) == 16
    return dict(found)


KIND = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"name": "toolongname", "password": SECRET, "age": "xyzzy"},
            [("string_too_long", ["body", "name"]), ("int_parsing", ["body", "age"])],
        ),
        ({"name": "a", "password": SECRET, SECRET: 1}, [("extra_forbidden", ["body"])]),
        ({"name": "evil", "password": SECRET}, [("value_error", ["body", "name"])]),
        ([SECRET], [("model_attributes_type", ["body"])]),
        (SECRET, [("model_attributes_type", ["body"])]),
    ],
)
def test_invalid_input_is_not_repeated(body: Any, errors: list[tuple[str, list[str]]]) -> None:
    answer = post(shop(), "/accounts", json.dumps(body).encode(), KIND)
    found = problem(answer)
    assert answer.status == 422
    assert [(e["type"], e["loc"]) for e in found["errors"]] == errors
    assert {key for e in found["errors"] for key in e} == {"type", "loc", "msg"}
    text = answer.body.decode()
    assert not any(word in text for word in (SECRET, "xyzzy", "toolongname", "evil", "pydantic"))


def test_words_of_the_application_s_own_validators_stay() -> None:
    answer = post(shop(), "/accounts", json.dumps({"name": "weak", "password": "x"}).encode(), KIND)
    assert problem(answer)["errors"][0]["msg"] == "Value error, a name needs more letters"


def test_what_is_no_json_is_told_without_its_text() -> None:
    answer = post(shop(), "/accounts", b'{"name": ' + SECRET.encode(), KIND)
    assert answer.status == 422
    assert SECRET not in answer.body.decode()


def test_words_for_the_caller_stay() -> None:
    answer = get(shop(), "/kept")
    assert problem(answer)["detail"] == "This order is paid already"
    assert answer.header("x-reason") == "paid"


@pytest.mark.parametrize("how", ["cause", "context", "path", "statement", "server", "status"])
def test_words_of_the_inside_go_to_the_log(how: str, caplog: pytest.LogCaptureFixture) -> None:
    found = problem(get(shop(), f"/leaks/{how}"))
    assert "detail" not in found
    assert f"incident {found['incident']}" in caplog.text


def test_of_a_structure_the_harmless_part_stays() -> None:
    assert problem(get(shop(), "/structured"))["errors"] == {
        "code": 7,
        "path": None,
        "text": "Try again",
    }


def test_browsers_get_a_page() -> None:
    answer = get(shop(), "/boom", {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert b"<h1>Internal Server Error</h1>" in answer.body
    assert b"ZeroDivisionError" not in answer.body


def test_handlers_of_the_application_s_own_win() -> None:
    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def own(request: Any, error: HTTPException) -> Any:
        from fastapi.responses import PlainTextResponse

        return PlainTextResponse("mine", 418)

    @app.get("/")
    async def home() -> None:
        raise HTTPException(400)

    Guard(app)
    assert get(app).body == b"mine"


def test_alone_on_starlette_and_in_what_is_mounted() -> None:
    async def fails(request: Any) -> None:
        raise RuntimeError("inside")

    inner = FastAPI()

    @inner.get("/x")
    async def x(number: int) -> dict[str, int]:
        return {}

    app = Starlette(routes=[Route("/fails", fails)])
    app.mount("/inner", inner)
    ProblemDetails(app)
    answer = get(app, "/fails")
    assert (answer.status, json.loads(answer.body)["title"]) == (500, "Internal Server Error")
    assert json.loads(get(app, "/inner/x", query=b"number=xyzzy").body)["errors"][0]["loc"] == [
        "query",
        "number",
    ]
    assert b"xyzzy" not in get(app, "/inner/x", query=b"number=xyzzy").body


class Once:
    """How often an application's messages begin an answer."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.statuses: list[int] = []
        self.raised: BaseException | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            self.raised = error
            raise


def failing(**changes: Any) -> FastAPI:
    app = FastAPI(**changes)

    @app.get("/")
    async def fails() -> None:
        raise RuntimeError("the inner word")

    return app


def test_an_error_is_answered_once_and_goes_on_to_the_server() -> None:
    app = failing()
    Guard(app)
    around = Once(app)
    answer = get(around)
    assert around.statuses == [500]
    assert isinstance(around.raised, RuntimeError)
    assert json.loads(answer.body)["status"] == 500
    assert b"inner word" not in answer.body
    assert answer.values("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize("key", [Exception, 500])
def test_a_handler_of_the_application_answers_what_nobody_caught(key: Any) -> None:
    app = failing()

    @app.exception_handler(key)
    async def sorry(request: Any, error: Exception) -> JSONResponse:
        return JSONResponse({"sorry": type(error).__name__}, 500)

    Guard(app)
    answer = get(Once(app))
    assert (answer.status, json.loads(answer.body)) == (500, {"sorry": "RuntimeError"})
    assert answer.values("x-content-type-options") == ["nosniff"]


def test_in_debug_mode_starlette_shows_the_traceback() -> None:
    app = failing(debug=True)
    Guard(app)
    assert b"the inner word" in get(Once(app)).body

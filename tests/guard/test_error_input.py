"""422 and HTTPException repeat nothing that was sent and nothing of the inside, wherever it hides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError
from pydantic import model_validator as whole
from pydantic_core import PydanticCustomError

from buckler.guard import Guard
from tests.guard.asgi import Answer, get, post

SECRET = "hunter2hunter2"
KIND = {"content-type": "application/json"}
SAID = {
    "all": "{} is no name",
    "lower": "{0.lower} is no name",
    "cut": "{:.13}… is no name",
    "repr": "{!r} is no name",
    "fixed": "A name needs more letters",
    "inside": "no file /var/lib/shop/names.db",
}


def says(value: str) -> str:
    how, _, rest = value.partition("|")
    if how == "custom":
        raise PydanticCustomError("name_taken", "{name} is taken", {"name": rest})
    if how == "asserts":
        raise AssertionError(rest)
    if how == "host":
        raise ValueError(f"mail to {rest.rpartition('@')[2]} does not arrive")
    if how == "lower":
        raise ValueError(f"{rest.strip().lower()} is no name")
    raise ValueError(SAID[how].format(rest))


Name = Annotated[str, AfterValidator(says)]


class Cat(BaseModel):
    kind: Literal["cat"]
    age: int


class Dog(BaseModel):
    kind: Literal["dog"]
    legs: int


@dataclass
class Box:
    width: int


class Order(BaseModel):
    names: dict[str, Name] = {}
    prices: dict[str, int] = {}
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    many: int | list[Cat] = 0
    box: Box | None = None
    inner: Order | None = None
    size: int = Field(0, validation_alias=AliasChoices("theSize", "the_size"))

    @whole(mode="before")
    @classmethod
    def keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and "bad" in data:
            raise ValueError(f"what is {next(iter(data))}?")
        return data


def shop() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/orders")

    @router.post("")
    async def create(order: Order) -> None: ...

    app.include_router(router)
    Guard(app)
    return app


def errors(body: Any) -> list[dict[str, Any]]:
    answer = post(shop(), "/orders", json.dumps(body).encode(), KIND)
    assert answer.status == 422
    assert SECRET not in answer.body.decode().lower()
    return list(json.loads(answer.body)["errors"])


@pytest.mark.parametrize(
    "value",
    [
        *(f"{how}|{SECRET}" for how in ("all", "repr", "custom", "asserts", "inside")),
        f"lower|  {SECRET.upper()} ",
        f"cut|{SECRET} and more",
        f"host|ann@{SECRET}.example",
    ],
)
def test_words_that_repeat_the_input_are_not_said(value: str) -> None:
    assert [e["msg"] for e in errors({"names": {"a": value}})] == ["The value is not valid"]


def test_words_that_do_not_are() -> None:
    [error] = errors({"names": {"a": f"fixed|{SECRET}"}})
    assert error["msg"] == "Value error, A name needs more letters"
    # What Pydantic says itself repeats nothing, whatever words were sent.
    [error] = errors({"prices": {"a": "valid"}})
    assert error["msg"].startswith("Input should be a valid integer")


def test_a_name_that_was_sent_is_not_said_either() -> None:
    assert [e["msg"] for e in errors({SECRET: 1, "bad": 1})] == ["The value is not valid"]
    assert [e["msg"] for e in errors({"pet": {"kind": SECRET}})] == ["The value is not valid"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"prices": {SECRET: "x"}}, ["prices"]),
        ({"inner": {"prices": {SECRET: "x"}}}, ["inner", "prices"]),
        ({"names": {SECRET: 1}}, ["names"]),
        ({"pet": {"kind": "cat", "age": "x"}}, ["pet", "cat", "age"]),
        ({"many": [{"kind": "cat"}]}, ["many", "int"]),
        ({"box": {"width": "x"}}, ["box", "width"]),
        ({"theSize": "x"}, ["theSize"]),
        ({"the_size": "x"}, ["the_size"]),
    ],
)
def test_places_have_the_names_that_the_route_declares(body: Any, place: list[str]) -> None:
    assert errors(body)[0]["loc"] == ["body", *place]


def refusing(detail: Any, headers: Any = None, status: int = 400) -> Answer:
    app = FastAPI()

    @app.get("/")
    async def home() -> None:
        raise HTTPException(status, detail, headers)

    Guard(app)
    return get(app)


def test_pydantic_s_own_errors_as_a_detail_lose_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        Cat.model_validate({"kind": "cat", "age": SECRET})
    answer = refusing({"mistakes": caught.value.errors()})
    assert SECRET not in answer.body.decode()
    assert b"pydantic" not in answer.body
    [kept] = json.loads(answer.body)["errors"]["mistakes"]
    assert kept["loc"] == ["age"]
    assert set(kept) == {"type", "loc", "msg"}


def test_in_details_texts_are_cleaned_at_any_depth_and_the_rest_stays() -> None:
    number = UUID(int=7)
    detail: dict[str, Any] = {
        "a": [{"b": ("no such table: users", "Try again")}],
        "KeyError('x')": 1,
        "id": number,
        "price": Decimal("1.50"),
        "thing": object(),
    }
    detail["self"] = detail
    answer = refusing(detail)
    assert answer.status == 400
    kept = json.loads(answer.body)["errors"]
    assert kept["a"] == [{"b": [None, "Try again"]}]
    assert (kept["id"], kept["price"], kept["thing"]) == (str(number), "1.50", None)
    assert "KeyError('x')" not in kept
    assert b"users" not in answer.body


def test_headers_are_cleaned_and_a_challenge_stays_one() -> None:
    headers = {
        "X-Error": "psycopg.errors.UndefinedTable: users",
        "X-Reason": "paid already",
        "WWW-Authenticate": 'Bearer error_description="KeyError(1)"',
        "Location": "/home/ann/orders",
    }
    answer = refusing("Sign in first", headers, 401)
    assert answer.values("x-error") == []
    assert answer.header("x-reason") == "paid already"
    assert answer.header("www-authenticate") == "Bearer"
    assert answer.header("location") == "/home/ann/orders"
    plain = refusing("Sign in first", {"WWW-Authenticate": 'Basic realm="shop"'}, 401)
    assert plain.header("www-authenticate") == 'Basic realm="shop"'


def test_the_log_has_the_story_without_the_credentials(caplog: pytest.LogCaptureFixture) -> None:
    answer = refusing("no route to postgresql://shop:hunter22@db/shop")
    assert "detail" not in json.loads(answer.body)
    assert "no route to postgresql://shop:" in caplog.text
    assert "hunter22" not in caplog.text

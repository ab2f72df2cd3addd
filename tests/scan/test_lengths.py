"""What an application says of the length of a text may be of any kind and size: a scan makes no such text."""

from __future__ import annotations

import pytest

from buckler.scan.engines.attack.absent import wrong_code
from buckler.scan.engines.attack.values import MOST_LEAST, lengths, text
from buckler.scan.engines.interface import Slot


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, (0, None)),
        ({"minLength": 6, "maxLength": 8}, (6, 8)),
        ({"minLength": 10**15}, (MOST_LEAST, None)),
        ({"minLength": -1, "maxLength": -5}, (0, 0)),
        ({"minLength": "long", "maxLength": None}, (0, None)),
        ({"minLength": True, "maxLength": [3]}, (0, None)),
        ({"minLength": 1e300}, (0, None)),
    ],
)
def test_lengths(schema, expected) -> None:
    assert lengths(schema) == expected
    least, most = expected
    made = text(schema, "name")
    assert len(made) >= min(least, most if most is not None else least)
    assert most is None or len(made) <= most
    assert 0 < len(wrong_code(Slot("json", "code", schema))) <= 200
    assert wrong_code(Slot("json", "code", {"minLength": 6, "maxLength": 6}), 3) != wrong_code(
        Slot("json", "code", {"minLength": 6, "maxLength": 6}), 4
    )


def test_an_application_that_asks_for_a_text_of_a_petabyte(scan, project) -> None:
    folder = project(
        {
            "main.py": """
from typing import Annotated

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()


class Code(BaseModel):
    name: str = Field(json_schema_extra={"minLength": 10**15})
    code: str = Field(json_schema_extra={"minLength": 10**15, "maxLength": None})
    password: str = Field(json_schema_extra={"minLength": 10**15, "maxLength": "all"})


@app.post("/login")
def login(given: Code) -> None:
    raise HTTPException(401)


@app.get("/ok")
def ok() -> bool:
    return True
"""
        }
    )
    report = scan(folder, engines=("app", "attack"))
    assert {o.operation for o in report.coverage.operations} == {"POST /login", "GET /ok"}
    assert "GET /ok" in {o.operation for o in report.coverage.operations if o.reached}
    assert not report.failed

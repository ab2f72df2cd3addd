"""Operations that ask for more than their schema tells at first sight are reached, and else the report says why."""

from __future__ import annotations

MAPPED = """
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Edit(BaseModel):
    versions: dict[Annotated[str, Field(min_length=8)], Annotated[int, Field(ge=3)]] = Field(min_length=2)
    seen: dict[Annotated[str, Field(pattern="^[0-9a-f]{32}$")], Annotated[int, Field(le=-3)]] = Field(min_length=3)


@app.post("/edits")
def edit(made: Edit) -> int:
    return len(made.versions)
"""
PAGES = """
from fastapi import Depends, FastAPI, HTTPException, Request

app = FastAPI()


def seen(request: Request) -> None:
    if request.headers.get("x-who") != "ann-4711":
        raise HTTPException(303, headers={"location": "/sign-in"})
    raise HTTPException(403)


@app.post("/orders", dependencies=[Depends(seen)])
def order() -> int:
    return 1
"""
ANN = """
[tool.buckler.identities.ann]
header = "X-Who: ann-4711"
"""


def test_an_object_that_has_to_have_entries_gets_them(project, scan) -> None:
    report = scan(project({"main.py": MAPPED}), select=("INJ001",))
    assert report.coverage.reached_share == 1.0


def test_who_is_sent_to_the_sign_in_got_no_further_than_who_is_refused(project, scan) -> None:
    report = scan(project({"main.py": PAGES, "pyproject.toml": ANN}), select=("INJ001",))
    (only,) = report.coverage.operations
    assert only.why == "answered 403: none of the identities may call it"

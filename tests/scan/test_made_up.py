"""Settings that nobody gave get values that their fields take, at import, at the start and later."""

from __future__ import annotations

import pytest

from buckler.scan.discover import discover
from buckler.scan.engines.app.agent.fitting import matching, texts
from buckler.scan.engines.app.session import Options, Session

OPTIONS = """
from contextlib import asynccontextmanager
from enum import Enum
from functools import lru_cache
from typing import Literal, Optional

from fastapi import Depends, FastAPI
from pydantic import (
    AliasChoices, AnyHttpUrl, BaseModel, Field, PositiveInt, PostgresDsn, RedisDsn, SecretStr, conint,
)
from pydantic_settings import BaseSettings, SettingsConfigDict


class Mode(Enum):
    LIVE = "live"
    LOCAL = "local"


class Mail(BaseModel):
    host: str
    port: PositiveInt


class Options(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OAK_", env_nested_delimiter="__")

    stage: Literal["production", "staging", "dev"]
    level: Literal["loud", "quiet"]
    mode: Mode
    rows: conint(gt=5, lt=9)
    share: float = Field(gt=0, lt=0.25)
    code: str = Field(pattern=r"^[A-Z]{3}-\\d{4}$")
    secret: SecretStr = Field(min_length=90)
    debug: bool
    site: AnyHttpUrl
    database: PostgresDsn
    cache: RedisDsn
    origins: list[AnyHttpUrl]
    limits: dict[str, int]
    mail: Mail
    other: Optional[Literal["a", "b"]]
    named: int = Field(validation_alias=AliasChoices("BARREL_COUNT", "BARRELS"))


options = Options()


class Late(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LATE_")

    host: str
    kind: Literal["one", "two"]


class Starting(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="START_")

    size: PositiveInt


@lru_cache
def late() -> Late:
    return Late()


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.size = Starting().size
    yield


TITLE = f"{options.stage} {options.level} {options.mode.value} {options.rows} {options.debug} {options.code}"
app = FastAPI(title=TITLE, lifespan=lifespan)


@app.get("/mail")
def mail(given: Late = Depends(late)) -> dict[str, object]:
    return {"kind": given.kind, "size": app.state.size}
"""


def test_each_kind_of_field_gets_a_value_that_it_takes(project, scan) -> None:
    report = scan(project({"main.py": OPTIONS}), select=("HDR001",))
    assert not report.failed
    assert report.target["name"] == "dev loud local 6 False AAA-0000"
    listed = {g.what for g in report.coverage.gaps if "made up" in g.why}
    assert {"setting OAK_STAGE", "setting OAK_MAIL", "setting BARREL_COUNT"} <= listed
    assert {"setting START_SIZE", "setting LATE_HOST", "setting LATE_KIND"} <= listed
    (row,) = report.coverage.operations
    assert (row.reached, row.status) == (True, 200)


def test_a_part_of_a_model_that_is_missing_is_made_up_alone(project, scan) -> None:
    folder = project({"main.py": OPTIONS, "a.env": "OAK_MAIL__HOST=mail.test\n"})
    report = scan(folder, options=Options(env_file=folder / "a.env"), select=("HDR001",))
    assert not report.failed
    assert "setting OAK_MAIL__PORT" in {g.what for g in report.coverage.gaps}


def test_what_cannot_be_made_up_is_named_with_the_option_that_gives_it(project, scan) -> None:
    code = """
    from fastapi import FastAPI
    from pydantic import field_validator
    from pydantic_settings import BaseSettings


    class Options(BaseSettings):
        licence: str

        @field_validator("licence")
        @classmethod
        def known(cls, value: str) -> str:
            raise ValueError("the licence is not ours")


    options = Options()
    app = FastAPI()
    """
    lines = "\n".join(line[4:] for line in code.splitlines())
    report = scan(project({"main.py": lines}), select=("HDR001",), app="main:app")
    (gap,) = [g for g in report.coverage.gaps if "main:app" in g.what]
    assert "--env-file" in gap.how_to_include
    assert "LICENCE" in gap.how_to_include


def test_a_request_changes_no_other_setting(project) -> None:
    """What an error of a request says is the sender's: no reason to change the environment."""
    from buckler.core.settings import Settings
    from buckler.scan.engines.interface import Request

    code = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/fail")
def fail(name: str) -> str:
    raise RuntimeError(f"{name} is not set")
"""
    target = discover(str(project({"main.py": code})), Settings())
    with Session(target, target.applications[0], "zzzz", Options()) as session:
        session.start()
        session.send(Request("GET", "/fail", "name=GARDEN_NAME", (("host", "app.test"),)))
        assert session.made_up == set()


@pytest.mark.parametrize(
    "pattern",
    [r"^[a-z]{3}$", r"^(eu|us)-[^x]\d+$", r"^\w{40,}$", r"^sk_[A-Za-z0-9]{24}$", "^[^/]+$"],
)
def test_a_text_for_a_pattern(pattern: str) -> None:
    import re

    made = matching(pattern)
    assert made is not None
    assert re.search(pattern, made)


def test_lengths_and_references() -> None:
    schema = {"$ref": "#/$defs/K", "$defs": {"K": {"enum": ["x", "test"]}}}
    assert texts("kind", schema) == ["test"]
    assert len(texts("name", {"type": "string", "maxLength": 8})[0]) == 8
    assert len(texts("name", {"type": "string", "minLength": 300})[0]) >= 300

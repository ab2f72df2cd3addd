"""Fields that a caller ought not to set: left out of what is stored, or not taken at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULE = Registry.load("buckler.scan.rules")["ACC010"]
PROVED = "PATCH /me lets alice set role, points."
OPEN = "The request names the fields itself, so it can set any field of what is stored."
SCHEMAS = """from pydantic import BaseModel, ConfigDict


class Change(BaseModel):
    {config}
    name: str = ""
"""
MAIN = """from fastapi import FastAPI

from schemas import Change

app = FastAPI()


@app.patch("/me")
def change(payload: Change) -> None:
    for name, value in payload.model_dump({given}).items():
        setattr(app.state, name, value)  # here
"""


def repaired(folder: Path, config: str, given: str, message: str) -> dict[str, str]:
    (folder / "schemas.py").write_text(SCHEMAS.format(config=config))
    main = MAIN.format(given=given)
    (folder / "main.py").write_text(main)
    line = next(n for n, row in enumerate(main.splitlines(), 1) if "# here" in row)
    place = Location("main.py", line, "PATCH /me", "json:role")
    finding = Finding("ACC010", message, Severity.HIGH, Confidence.PROVED, place)
    repair = RULE.fix_source(draft_of(folder, "main.py"), finding)
    if repair is None:
        return {}
    assert not repair.safe
    return {made.path: made.after for made in written(folder, [repair])}


@pytest.mark.parametrize("message", [PROVED, OPEN])
def test_a_model_that_keeps_everything_keeps_what_it_declares(message: str, tmp_path: Path) -> None:
    config = 'model_config = ConfigDict(extra="allow")'
    made = repaired(tmp_path, config, "", message)
    assert made == {"schemas.py": SCHEMAS.format(config=config.replace("allow", "ignore"))}
    space: dict[str, Any] = {}
    exec(made["schemas.py"], space)
    assert space["Change"](name="a", role="admin").model_dump() == {"name": "a"}


def test_declared_fields_are_left_out_of_the_one_dump(tmp_path: Path) -> None:
    made = repaired(tmp_path, "role: str = ''", "exclude_unset=True", PROVED)
    assert 'payload.model_dump(exclude_unset=True, exclude={"role", "points"})' in made["main.py"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('exclude={"id"}', PROVED),
        ("**options", PROVED),
        ("", OPEN),
        ("", "Every field that the request names is set on the object."),
    ],
)
def test_what_is_left_alone(given: str, message: str, tmp_path: Path) -> None:
    assert repaired(tmp_path, "role: str = ''", given, message) == {}

"""Mass assignment in source: what counts is who names the fields, not what stands in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine

HEAD = """
from typing import Any, ClassVar, Optional

from fastapi import FastAPI, Request
from pydantic import BaseModel
from sqlalchemy import JSON, String, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

app = FastAPI()
Sessions = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


class Base(DeclarativeBase):
    pass


class Reader(Base):
    __tablename__ = "readers"
    id: Mapped[int] = mapped_column(primary_key=True)
    town: Mapped[str] = mapped_column(String)
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    is_admin: Mapped[bool] = mapped_column(default=False)


async def store(data: dict[str, Any]) -> None:
    async with Sessions() as session:
        await session.execute(update(Reader).where(Reader.id == 1).values(**data))


class Change(BaseModel):
    marks: ClassVar[set[str]] = set()
    _seen: list[str] = []
    town: Optional[str] = None
    street: Optional[str] = None
    labels: Optional[dict[str, str]] = None

    def stored(self) -> dict[str, Any]:
        made = self.model_dump(exclude_unset=True)
        for name, value in self:
            if name in made and isinstance(value, BaseModel):
                made[name] = value
        return made
"""
MANY = "".join(f"    field_{n}: Optional[str] = None\n" for n in range(20))
NAMED_BY_THE_PROGRAM = {
    "a model that is looped over": """
@app.patch("/readers")
async def change(body: Change) -> None:
    await store(body.stored())
""",
    "a model of many fields that is looped over": f"""
class Long(Change):
{MANY}

@app.patch("/readers")
async def change(body: Long) -> None:
    await store(body.stored())
""",
    "private attributes and those of the class": """
@app.patch("/readers")
async def change(body: Change) -> None:
    await store(body.model_dump())
""",
    "names from elsewhere": """
import os

@app.patch("/readers")
async def change(body: dict[str, Any]) -> None:
    data = {}
    data[os.environ["FIELD"]] = str(body["town"])
    await store(data)
""",
    "a dictionary in one field": """
@app.patch("/readers")
async def change(body: dict[str, str]) -> None:
    async with Sessions() as session:
        await session.execute(update(Reader).where(Reader.id == 1).values(labels={"a": "b", **body}))
""",
}
NAMED_BY_THE_REQUEST = {
    "its body as it is": """
@app.patch("/readers")
async def change(body: dict[str, Any]) -> None:
    await store(body)
""",
    "its body put over in a loop": """
@app.patch("/readers")
async def change(request: Request) -> None:
    data = {}
    for name, value in (await request.json()).items():
        data[name] = value
    await store(data)
""",
    "its body with what is empty left out": """
@app.patch("/readers")
async def change(body: dict[str, Any]) -> None:
    await store({name: value for name, value in body.items() if value})
""",
    "one name and one value": """
@app.patch("/readers")
async def change(name: str, value: str) -> None:
    await store({name: value})
""",
    "a fixed value under its name": """
@app.patch("/readers")
async def change(name: str) -> None:
    data = {"town": "here"}
    data[name] = True
    await store(data)
""",
    "one call that takes a record": """
@app.patch("/readers")
async def change(body: dict[str, Any]) -> None:
    async with Sessions() as session:
        await session.execute(update(Reader).where(Reader.id == 1).values(body))
""",
}


def told(folder: Path) -> list[str]:
    rules = [r for r in Registry.load("buckler.scan.rules") if r.id == "ACC010"]
    return [f.message for f in SourceEngine(folder, rules, lambda event: None).run()]


@pytest.mark.parametrize("code", NAMED_BY_THE_PROGRAM.values(), ids=NAMED_BY_THE_PROGRAM)
def test_fields_that_the_program_names_are_no_mass_assignment(code: str, project: Any) -> None:
    assert told(project({"main.py": HEAD + code})) == []


@pytest.mark.parametrize("code", NAMED_BY_THE_REQUEST.values(), ids=NAMED_BY_THE_REQUEST)
def test_fields_that_the_request_names_are(code: str, project: Any) -> None:
    (message,) = told(project({"main.py": HEAD + code}))
    assert message.startswith("The request names the fields itself")


def test_a_loop_over_many_fields_sets_the_one_that_matters(project: Any) -> None:
    code = f"""
class Wide(BaseModel):
{MANY}    is_admin: bool = False


@app.patch("/readers")
def change(body: Wide) -> None:
    reader = Reader(id=1)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(reader, name, value)
"""
    (message,) = told(project({"main.py": HEAD + code}))
    assert "is_admin" in message

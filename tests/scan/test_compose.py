"""The services of a compose file are named, and which of them were brought."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.core.errors import UnreadableFile
from buckler.scan.compose import services
from buckler.scan.engines.app.session import Options
from buckler.scan.formats import view
from buckler.scan.hints import server_kinds

COMPOSE = """
x-common: &common {restart: always}
services:
  web: {build: ., depends_on: [db]}
  worker:
    image: registry.example/shop:1.4
    command: ["uvicorn", "main:app"]
  db:
    <<: *common
    image: "docker.io/bitnami/postgresql:16"
  cache: {image: 'valkey/valkey:8'}
  docs: {image: mongo}
  queue: {image: rabbitmq:3-management}
"""
CODE = """
import asyncpg
from fastapi import FastAPI

app = FastAPI()


@app.get("/notes")
async def notes(q: str = "") -> list[str]:
    link = await asyncpg.connect("postgresql://a:b@db/shop")
    try:
        return [r[0] for r in await link.fetch(f"SELECT body FROM notes WHERE body = '{q}'")]
    finally:
        await link.close()
"""


def test_services_beside_the_application_are_named_with_their_kind(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    assert [(s.name, s.kind) for s in services(tmp_path)] == [
        ("db", "postgresql"),
        ("cache", "redis"),
        ("docs", "mongodb"),
        ("queue", ""),
    ]


def test_the_report_says_which_were_brought(project, scan) -> None:
    pytest.importorskip("asyncpg")
    folder = project({"main.py": CODE, "compose.yaml": COMPOSE})
    report = scan(folder, select=("INJ001",), options=Options(database="stand-in"))
    assert [f.rule for f in report.findings] == ["INJ001"]
    assert view.services(report) == (
        "compose.yaml: db (docker.io/bitnami/postgresql:16) answered by a stand-in, "
        "cache (valkey/valkey:8) not brought, docs (mongo) not brought, "
        "queue (rabbitmq:3-management) not brought"
    )


BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60)
)


@pytest.mark.parametrize(
    "text",
    [
        "services: {db: [",
        "services:\n\tdb: x",
        "[" * 50_000,
        "services: *nobody",
        "x: &a [*a]\nservices: {db: {image: *b}}",
        "a" * 300_000,
    ],
)
def test_what_cannot_be_read_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(text)
    with pytest.raises(UnreadableFile):
        services(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "services: 3", "services: {1: {image: [a]}, b: {image: {}}}", BOMB, "&a [*a]"],
)
def test_what_is_no_list_of_services_gives_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(text)
    assert services(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from psycopg_pool import ConnectionPool\nimport psycopg\n", ("postgresql",)),
        ('URL = "mysql+aiomysql://a@b/c"\nfrom redis.asyncio import Redis\n', ("mysql", "redis")),
        ('URL = "sqlite:///shop.db"\nDRIVERS = "redis and postgres"\n', ()),
    ],
)
def test_servers_are_guessed_from_the_source(
    text: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(text)
    assert server_kinds(tmp_path) == expected


def test_a_server_that_the_source_does_not_name_is_brought_all_the_same(project, scan) -> None:
    pytest.importorskip("asyncpg")
    hidden = CODE.replace("import asyncpg\n", 'asyncpg = __import__("async" + "pg")\n')
    hidden = hidden.replace("postgresql://", "postgres" + '" + "ql://')
    folder = project({"main.py": hidden})
    assert server_kinds(folder) == ()
    report = scan(folder, select=("INJ001",), options=Options(database="stand-in"))
    assert [f.rule for f in report.findings] == ["INJ001"]
    assert "servers" in report.timing

"""Migrations that fail or do not end: told in one line, and the scan goes on with the models."""

from __future__ import annotations

import pytest

from buckler.core.report import Report
from buckler.scan.engines.app.session import Options
from tests.conftest import needs_server
from tests.scan.test_servers import ENV, MIGRATED, migrations

SCRATCH = Options(database="scratch")
SHORT = Options(database="scratch", import_timeout=40.0)
"""Half of it is what migrations may take."""
MODELS = MIGRATED.replace(
    "app = FastAPI()",
    """app = FastAPI()


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
""",
).replace(
    "from sqlalchemy import create_engine, text",
    "from sqlalchemy import create_engine, text\n"
    "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column",
)
OTHER = "op.create_table('other', sa.Column('id', sa.Integer, primary_key=True))"
AWAITED = """
import asyncio

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

import main


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = create_async_engine("postgresql+asyncpg://shop:sekret@db.internal/shop")
    async with engine.connect() as connection:
        await connection.run_sync(migrate)


asyncio.run(run())
"""


def failures(report: Report) -> list[tuple[str, str]]:
    return [(g.why, g.how_to_include) for g in report.coverage.gaps if g.what == "tables"]


def statuses(report: Report) -> list[int | None]:
    return [row.status for row in report.coverage.operations]


@pytest.mark.parametrize(
    ("step", "told", "helps"),
    [
        ("op.execute('create table broken (id wrongtype)')", "wrongtype", ""),
        ("op.execute('create extension moonlight')", "create extension moonlight", "install"),
        ("op.execute('create extension dblink')", "create extension dblink", "superuser"),
        ("op.execute('create role helper superuser')", "helper superuser", "superuser"),
        ("raise KeyError('region')", "KeyError: 'region'", ""),
    ],
    ids=["half-way", "extension", "extension-superuser", "superuser", "python"],
)
def test_what_fails_is_told_and_models_make_the_tables(
    step: str, told: str, helps: str, project, scan
) -> None:
    needs_server("postgresql")
    files = {**migrations(OTHER, step), "main.py": MODELS}
    report = scan(project(files), select=("INJ001",), options=SCRATCH)
    ((why, hint),) = failures(report)
    assert told in why
    assert "db/versions/r1.py:9" in why
    assert "\n" not in why
    assert "made from the models" in why
    assert helps in hint
    assert bool(helps) == bool(hint)
    assert [f.location.operation for f in report.findings] == ["GET /notes"]
    assert statuses(report) == [200]


def test_without_models_the_scan_goes_on_with_what_is_there(project, scan) -> None:
    needs_server("postgresql")
    made = OTHER.replace("'other'", "'note'").replace("))", "), sa.Column('body', sa.Text))")
    steps = migrations(made, "op.execute('create extension moonlight')")
    # Each migration in a transaction of its own, so that the first one stays.
    steps["db/env.py"] = ENV.replace(
        "connection=connection", "connection=connection, transaction_per_migration=True"
    )
    report = scan(project(steps), select=("INJ001",), options=SCRATCH)
    ((why, _),) = failures(report)
    assert "goes on with what is there" in why
    assert statuses(report) == [200]
    assert [f.location.operation for f in report.findings] == ["GET /notes"]


@pytest.mark.parametrize(
    ("env", "step", "told"),
    [
        (ENV, "op.execute('select pg_sleep(900)')", "select pg_sleep(900)"),
        (ENV, "__import__('time').sleep(900)", "at db/versions/r1.py:9"),
        (AWAITED, "op.execute('select pg_sleep(900)')", "select pg_sleep(900)"),
    ],
    ids=["pg-sleep", "time-sleep", "asyncpg"],
)
def test_what_takes_minutes_is_left_alone(env: str, step: str, told: str, project, scan) -> None:
    needs_server("postgresql")
    files = {**migrations(OTHER, step), "main.py": MODELS, "db/env.py": env}
    report = scan(project(files), select=("INJ001",), options=SHORT)
    ((why, hint),) = failures(report)
    assert "it was not done within 20 s" in why
    assert told in why
    assert hint
    assert not report.failed
    assert statuses(report) == [200]
    assert [f.location.operation for f in report.findings] == ["GET /notes"]


@pytest.mark.everything
def test_what_takes_minutes_is_left_alone_on_mysql_too(project, scan) -> None:
    """There every child makes its tables anew."""
    needs_server("mysql")
    files = {
        **migrations(OTHER, "op.execute('select sleep(900)')"),
        "main.py": MODELS.replace("postgresql+psycopg", "mysql+pymysql")
        .replace("body: Mapped[str]", "body: Mapped[str] = mapped_column(Text)")
        .replace("create_engine, text", "Text, create_engine, text"),
    }
    report = scan(project(files), select=("INJ001",), options=SHORT)
    ((why, _),) = failures(report)
    assert "select sleep(900)" in why
    assert statuses(report) == [200]
    assert [f.location.operation for f in report.findings] == ["GET /notes"]

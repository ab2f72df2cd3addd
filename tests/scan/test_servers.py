"""Applications that want a server beside them get one, and nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.session import Options
from tests.conftest import needs_server
from tests.scan.listening import Listener

SQL = """
from fastapi import Depends, FastAPI
from sqlmodel import Field, Session, SQLModel, create_engine, text

engine = create_engine("%s")


class Note(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    body: str = Field(max_length=200)


app = FastAPI()


def session():
    with Session(engine) as opened:
        yield opened


@app.post("/notes")
def add(note: Note, opened: Session = Depends(session)) -> Note:
    note.id = None
    opened.add(note)
    opened.commit()
    opened.refresh(note)
    return note


@app.get("/notes")
def find(q: str = "", opened: Session = Depends(session)) -> list[list[object]]:
    return [list(row) for row in opened.exec(text(f"select id, body from note where body = '{q}'"))]


@app.get("/notes/safe")
def safe(q: str = "", opened: Session = Depends(session)) -> list[list[object]]:
    query = text("select id, body from note where body = :q").bindparams(q=q)
    return [list(row) for row in opened.exec(query)]
"""
ASYNCPG = """
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool("postgresql://shop:sekret@%s/shop")
    await app.state.pool.execute("create table if not exists note (id serial primary key, body text)")
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/notes")
async def add(body: str) -> int:
    return await app.state.pool.fetchval("insert into note (body) values ($1) returning id", body)


@app.get("/notes")
async def find(q: str = "") -> list[str]:
    return [r["body"] for r in await app.state.pool.fetch(f"select body from note where body = '{q}'")]


@app.get("/notes/safe")
async def safe(q: str = "") -> list[str]:
    return [r["body"] for r in await app.state.pool.fetch("select body from note where body = $1", q)]
"""
REDIS = """
import redis.asyncio as redis
from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse

store = redis.from_url("rediss://:sekret@%s/3", decode_responses=True)
app = FastAPI()


@app.post("/notes")
async def add(body: str) -> int:
    await store.set("note", body)
    return 1


@app.get("/notes", response_class=HTMLResponse)
async def show() -> str:
    if (body := await store.get("note")) is None:
        raise HTTPException(404)
    return f"<p>{body}</p>"


@app.get("/notes/safe", response_class=PlainTextResponse)
async def safe() -> str:
    return await store.get("note") or ""
"""
SCRATCH = Options(database="scratch")
STYLES = {
    "asyncpg": ("postgresql", ASYNCPG, "INJ001", "GET /notes"),
    "psycopg": (
        "postgresql",
        SQL.replace("%s", "postgresql+psycopg://shop:sekret@%s/shop?sslmode=verify-full"),
        "INJ001",
        "GET /notes",
    ),
    "pymysql": (
        "mysql",
        SQL.replace("%s", "mysql+pymysql://shop:sekret@%s/shop?charset=utf8mb4"),
        "INJ001",
        "GET /notes",
    ),
    "redis": ("redis", REDIS, "INJ010", "POST /notes"),
}


def in_folders(place: Path) -> list[str]:
    """Processes that work in a folder of a scan there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            folder = os.readlink(entry / "cwd")
        except OSError:
            continue
        if folder.startswith(str(place)):
            found.append(f"{entry.name} {folder}")
    return found


@pytest.mark.parametrize("style", STYLES)
def test_it_is_brought(style: str, project, scan, place, monkeypatch) -> None:
    kind, text, rule, operation = STYLES[style]
    needs_server(kind)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    listener = Listener()
    folder = project({"main.py": text.replace("%s", f"127.0.0.1:{listener.port}")})
    report = scan(folder, select=("INJ",), options=SCRATCH)
    listener.socket.close()
    found = [(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"]
    assert found == [(rule, operation)]
    assert report.coverage.reached_share == 1.0
    assert {row.status for row in report.coverage.operations} <= {200, 201}
    assert listener.seen == 0
    ((wanted, by),) = report.coverage.servers.items()
    assert (wanted.kind, wanted.host, wanted.port, by) == (
        kind,
        "127.0.0.1",
        str(listener.port),
        "scratch",
    )
    assert wanted.where.partition(":")[0] in ("", "main.py")
    assert "sekret" not in json.dumps(report.coverage.as_dict()["servers"])
    assert in_folders(place) == []
    assert list(place.glob(f"{leftovers.PREFIX}*")) == []


MIGRATED = """
from fastapi import FastAPI
from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://shop:sekret@db.internal/shop")
app = FastAPI()


@app.get("/notes")
def find(q: str = "") -> list[list[object]]:
    with engine.connect() as connection:
        return [list(r) for r in connection.execute(text(f"select body from note where body = '{q}'"))]
"""
ENV = """
from alembic import context

from main import engine

with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
STEP = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "%s", %s, None, None


def upgrade() -> None:
    %s
"""


def migrations(*steps: str) -> dict[str, str]:
    files = {
        "main.py": MIGRATED,
        "alembic.ini": "[alembic]\nscript_location = db\n",
        "db/env.py": ENV,
    }
    for number, step in enumerate(steps):
        before = repr(f"r{number - 1}") if number else None
        files[f"db/versions/r{number}.py"] = STEP % (f"r{number}", before, step)
    return files


def test_migrations_are_run(project, scan) -> None:
    needs_server("postgresql")
    made = "op.create_table('note', sa.Column('id', sa.Integer, primary_key=True), sa.Column('body', sa.Text))"
    report = scan(project(migrations(made)), select=("INJ001",), options=SCRATCH)
    assert [f.location.operation for f in report.findings] == ["GET /notes"]
    assert [row.status for row in report.coverage.operations] == [200]
    assert [gap for gap in report.coverage.gaps if gap.what == "tables"] == []


def test_a_migration_that_fails_is_told_with_its_statement(project, scan) -> None:
    needs_server("postgresql")
    report = scan(
        project(migrations("op.execute('create extension moonlight')")),
        select=("INJ001",),
        options=SCRATCH,
    )
    told = [gap.why for gap in report.coverage.gaps if gap.what == "tables"]
    assert len(told) == 1
    assert "moonlight" in told[0]
    assert [f.location.operation for f in report.findings] == ["GET /notes"]


def test_what_a_killed_scan_leaves_the_next_one_removes(project, place) -> None:
    needs_server("postgresql")
    folder = project({"main.py": ASYNCPG.replace("%s", "db.internal:5432")})
    environment = {**os.environ, "TMPDIR": str(place)}
    command = [sys.executable, "-c", "from buckler.cli import main; main()", "scan", str(folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list(place.glob("*/postgresql*/.s.PGSQL.5432")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert list(place.glob(f"{leftovers.PREFIX}*")) != []
    again = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert again.returncode == 1, again.stderr
    assert list(place.glob(f"{leftovers.PREFIX}*")) == []
    assert in_folders(place) == []


def test_folders_of_others_are_left_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    where = leftovers._namespace()
    living = f"{os.getpid()} {leftovers._started(os.getpid())} {where}"
    for name, owner, mode in (
        ("buckler-open", f"999999 1 {where}", 0o777),
        ("buckler-nobody", "", 0o700),
        ("buckler-living", living, 0o700),
        ("buckler-container", "999999 1 pid:[1]", 0o700),
        ("other", f"999999 1 {where}", 0o700),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "file").touch()
        if owner:
            (folder / leftovers.OWNER).symlink_to(owner)
        folder.chmod(mode)
    assert leftovers.sweep() == 0
    for name in ("buckler-gone", "buckler-unmarked"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "buckler-gone" / leftovers.OWNER).symlink_to(f"999999 1 {where}")
    assert leftovers.sweep() == 2
    assert not (tmp_path / "buckler-gone").exists()
    assert not (tmp_path / "buckler-unmarked").exists()

"""Servers that do not start, end too early or have no room, and settings that nobody can read: one clear
line, the exit code as documented, nothing left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from buckler.core.finding import Severity
from buckler.core.report import Report
from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.session import Options
from tests.conftest import ROOT, needs_server
from tests.scan.interrupted import BUCKLER, Case, Place, settled
from tests.scan.interrupting import Order
from tests.scan.listening import Listener
from tests.scan.test_servers import ASYNCPG, MIGRATED, REDIS, in_folders

APART = str(Path(__file__).with_name("apart.py"))
MARIA = MIGRATED.replace("postgresql+psycopg", "mysql+pymysql")
APPLICATIONS = {
    "postgresql": ASYNCPG.replace("%s", "db.internal:5432"),
    "mysql": MARIA,
    "redis": REDIS.replace("%s", "cache.internal"),
}
PROGRAMS = {
    "postgresql": ("initdb", "postgres"),
    "mysql": ("mariadbd", "mariadb-install-db", "mysqld"),
    "redis": ("redis-server", "valkey-server"),
}
NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "redis": "Redis"}
ENDS = "#!/bin/sh\necho 'FATAL: out of order'\nexit 3\n"
HANGS = "#!/bin/sh\nexec sleep 900\n"
UNREADABLE = "\x00\x01 no program\n"


def gaps(report: Report, what: str) -> list[tuple[str, str]]:
    return [(g.why, g.how_to_include) for g in report.coverage.gaps if g.what == what]


def found(report: Report) -> list[tuple[str, str | None]]:
    return [(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"]


@pytest.fixture
def programs(place, monkeypatch):
    """``programs("redis", text)`` puts programs first on PATH that are none."""

    def put(kind: str, text: str) -> None:
        folder = place / "bin"
        folder.mkdir()
        for name in PROGRAMS[kind]:
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(tempfile, "tempdir", str(place))

    return put


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize(
    ("text", "told"),
    [(ENDS, "out of order"), (HANGS, ""), (UNREADABLE, "")],
    ids=["ends", "hangs", "unreadable"],
)
def test_a_program_that_does_not_start(
    kind: str, text: str, told: str, programs, place, project, scan, monkeypatch
) -> None:
    monkeypatch.setattr(processes, "START_SECONDS", 8.0)
    monkeypatch.setattr(processes, "RUN_SECONDS", 2.0)
    programs(kind, text)
    report = scan(project({"main.py": APPLICATIONS[kind]}), select=("INJ",))
    ((why, _),) = gaps(report, NAMES[kind])
    assert why.startswith("a stand-in answered: ")
    assert told in why
    assert "\n" not in why
    assert set(report.coverage.servers.values()) == {"stand-in"}
    assert found(report) != []
    assert in_folders(place) == []
    assert list(place.glob(f"{leftovers.PREFIX}*")) == []


def test_a_program_that_does_not_start_and_no_stand_in(programs, place, project, scan) -> None:
    programs("redis", ENDS)
    options = Options(database="scratch")
    report = scan(project({"main.py": APPLICATIONS["redis"]}), select=("INJ",), options=options)
    ((why, _),) = gaps(report, "Redis")
    assert "out of order" in why
    assert set(report.coverage.servers.values()) == {""}
    assert list(place.glob(f"{leftovers.PREFIX}*")) == []


@pytest.mark.parametrize(
    ("when", "step"), [("after", "visit"), ("before", "observe"), ("before", "attack")]
)
def test_a_server_that_dies_in_the_middle(when: str, step: str, place) -> None:
    needs_server("postgresql")
    case = Case((Order("server", when, step),))
    mine = Place(place / "mine")
    with mine.start(case) as process:
        said = process.communicate(timeout=120)[0]
    assert mine.hit() == [str(case.orders[0])]
    assert process.returncode == 4, said
    assert "Traceback" not in said
    report = json.loads((mine.folder / "report.json").read_text(encoding="utf-8"))
    told = [g["why"] for g in report["coverage"]["gaps"] if g["what"] == "PostgreSQL"]
    assert len(told) == 1
    assert told[0].startswith("it ended while it was needed")
    assert report["failed"] == f"PostgreSQL: {told[0]}"
    assert settled(mine) == []


def apart(place: Path, size: str, application: str) -> tuple[int, str, dict[str, Any]]:
    """A scan with a small file system of its own for temporary files."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    temporary, project = place / "temporary", place / "project"
    for folder in (temporary, project):
        folder.mkdir()
    (project / "main.py").write_text(application, encoding="utf-8")
    command = [sys.executable, APART, size, str(temporary), "--", *BUCKLER, "scan", str(project)]
    done = subprocess.run(
        [*command, "--select", "INJ", "-o", str(place / "report.json")],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
            "XDG_CACHE_HOME": str(place / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    assert "Traceback" not in done.stdout + done.stderr + json.dumps(report)
    assert in_folders(place) == []
    return done.returncode, done.stdout + done.stderr, report


@pytest.mark.parametrize(
    ("size", "code", "what"),
    [
        ("1m,nr_inodes=4", 4, "main:app"),
        ("1m,nr_inodes=9", 4, "main:app"),
        ("4k", 1, "PostgreSQL"),
        ("20m", 1, "PostgreSQL"),
        ("60m", 4, "lifespan"),
    ],
    ids=["no-folder", "no-start", "no-file", "no-cluster", "no-copy"],
)
def test_no_room_for_temporary_files(size: str, code: int, what: str, place) -> None:
    needs_server("postgresql")
    ended, said, report = apart(place, size, APPLICATIONS["postgresql"])
    assert ended == code, said
    told = [gap for gap in report["coverage"]["gaps"] if gap["what"] == what]
    assert len(told) == 1, report["coverage"]["gaps"]
    assert told[0]["how_to_include"] == leftovers.MAKE_ROOM
    assert bool(report["failed"]) == (code == 4)


@pytest.mark.everything
def test_two_scans_at_once(place) -> None:
    needs_server("postgresql")

    project = place / "project"
    project.mkdir()
    (project / "main.py").write_text(APPLICATIONS["postgresql"], encoding="utf-8")
    temporary = place / "temporary"
    temporary.mkdir()
    temporary.chmod(0o711)

    def start(name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*BUCKLER, "scan", str(project), "--select", "INJ", "-o", str(place / f"{name}.json")],
            env={**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(place / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def told(name: str) -> tuple[Any, ...]:
        report = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
        prints = sorted(finding["fingerprint"] for finding in report["findings"])
        rows = report["coverage"]["operations"]
        return prints, rows, report["coverage"]["gaps"], report["failed"]

    with start("alone") as process:
        process.communicate(timeout=120)
    scans = {name: start(name) for name in ("one", "two", "three")}
    said = {name: process.communicate(timeout=180)[0] for name, process in scans.items()}
    assert {name: process.returncode for name, process in scans.items()} == dict.fromkeys(said, 1)
    alone = told("alone")
    assert alone[0] != []
    assert [told(name) for name in scans] == [alone] * len(scans), said
    assert list(temporary.iterdir()) == []
    assert in_folders(place) == []


POOL = MIGRATED.replace(
    "app = FastAPI()",
    """
def opened(_: int) -> int:
    with engine.connect() as connection:
        return connection.execute(text("select 1")).scalar_one()


# As a pool does that is opened when it is made: several threads at once.
with ThreadPoolExecutor(6) as threads:
    assert list(threads.map(opened, range(12))) == [1] * 12
with engine.begin() as connection:
    connection.execute(text("create table if not exists note (body text)"))
app = FastAPI()
""",
).replace("from fastapi", "from concurrent.futures import ThreadPoolExecutor\n\nfrom fastapi")
LATE = (
    MIGRATED.replace(
        'engine = create_engine("postgresql+psycopg://shop:sekret@db.internal/shop")',
        """
@functools.cache
def engine():
    kind, driver, host = "postgres ql+psy 203.0.113.9".split()
    made = create_engine(f"{kind}{driver}copg://shop:sekret@{host}/shop")
    with made.begin() as connection:
        connection.execute(text("create table if not exists note (body text)"))
    return made
""",
    )
    .replace("engine.connect", "engine().connect")
    .replace("from fastapi", "import functools\n\nfrom fastapi")
)
"""Nothing in the source names it, and no driver is imported before a request comes."""


@pytest.mark.parametrize("text", [POOL, LATE], ids=["pool-at-import", "address-at-run-time"])
def test_whenever_it_connects(text: str, project, scan) -> None:
    needs_server("postgresql")
    report = scan(project({"main.py": text}), select=("INJ",))
    assert not report.failed
    assert set(report.coverage.servers.values()) == {"scratch"}
    assert [row.status for row in report.coverage.operations] == [200]
    assert found(report) == [("INJ001", "GET /notes")]
    assert report.coverage.gaps == []


@pytest.mark.parametrize("database", ["auto", "none"])
def test_a_public_host_is_not_asked(database: str, project, scan) -> None:
    needs_server("postgresql")
    text = ASYNCPG.replace("%s", "203.0.113.9:5432")
    report = scan(project({"main.py": text}), select=("INJ",), options=Options(database=database))
    ((wanted, by),) = report.coverage.servers.items()
    assert (wanted.host, by) == ("203.0.113.9", "scratch" if database == "auto" else "")
    told = gaps(report, "PostgreSQL")
    if database == "auto":
        assert told == []
        assert found(report) == [("INJ001", "GET /notes")]
    else:
        ((why, hint),) = told
        assert "203.0.113.9:5432/shop" in why
        assert hint == "--database auto"
        assert report.exit_code(Severity.HIGH) in (0, 4)


HTTP = """
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/notes")
def notes(q: str = "") -> float:
    return float(httpx.get("http://127.0.0.1:%s/rates", params={"q": q}).json()["rate"])
"""
ON_LOOPBACK = {
    "postgresql": ASYNCPG.replace("%s", "127.0.0.1:%s"),
    "mysql": MARIA.replace("@db.internal", "@127.0.0.1:%s"),
    "redis": REDIS.replace("%s", "127.0.0.1:%s"),
    "http": HTTP,
}


@pytest.mark.parametrize("database", ["stand-in", "none"])
@pytest.mark.parametrize("kind", ON_LOOPBACK)
def test_a_server_on_loopback_sees_no_connection(kind: str, database: str, project, scan) -> None:
    """As in test_servers.py with servers of the scan's own; here without any."""
    listener = Listener()
    text = ON_LOOPBACK[kind].replace("%s", str(listener.port))
    report = scan(project({"main.py": text}), options=Options(database=database))
    listener.socket.close()
    told = {s.port for s in report.coverage.servers} | {
        call.address.rpartition(":")[2] for call in report.coverage.outgoing
    }
    assert told == {str(listener.port)}
    assert listener.seen == 0

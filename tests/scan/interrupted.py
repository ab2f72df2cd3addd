"""Small projects to interrupt a scan of, each with all that the scan may touch in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.scan.interrupting import Order, dumped

SCRIPT = str(Path(__file__).with_name("interrupting.py"))
BUCKLER = (sys.executable, "-c", "from buckler.cli import main; main()")
MAIN = """
import os
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool("postgresql://shop:sekret@db.internal/shop", min_size=1)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/notes")
async def add(body: str) -> int:
    return await app.state.pool.fetchval("insert into note (body) values ($1) returning id", body)


@app.get("/notes")
async def find(q: str = "") -> list[str]:
    Path(os.environ["HOME"], "asked").touch()
    rows = await app.state.pool.fetch("select body, pg_sleep(0.02) from note where body = $1", q)
    return [row["body"] for row in rows]
"""
ENV = """
import asyncio
import os
from pathlib import Path

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("postgresql+asyncpg://shop:sekret@db.internal/shop")


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
"""
STEP = """
import os
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "r0", None, None, None


def upgrade() -> None:
    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))
    Path(os.environ["HOME"], "migrating").touch()
    op.execute("select pg_sleep(0.3)")
"""
TINY = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def root() -> int:
    return 1
"""
WIDE = TINY + "".join(
    f"\n\n@app.get('/r{n}')\ndef r{n}() -> int:\n    return {n}\n" for n in range(26)
)
MARIA = """
import pymysql
from fastapi import FastAPI

app = FastAPI()


@app.get("/notes")
def find(q: str = "") -> str:
    with pymysql.connect(host="db.internal", user="shop", password="sekret", db="shop") as opened:
        with opened.cursor() as cursor:
            cursor.execute("select %s", (q,))
    return q
"""
HANGING = f"{TINY}\nimport time\n\ntime.sleep(600)\n"
BROKEN = f"{TINY}\nraise ValueError('no')\n"
DEEP = f"""{TINY}
import os
import time

top = os.open(os.environ["HOME"], os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d", dir_fd=top)
    inner = os.open("d", os.O_RDONLY, dir_fd=top)
    os.close(top)
    top = inner
os.mkdir(os.environ["HOME"] + "/asked")
time.sleep(600)
"""
FILES = {
    "project/main.py": MAIN,
    "project/alembic.ini": "[alembic]\nscript_location = db\n",
    "project/db/env.py": ENV,
    "project/db/versions/r0.py": STEP,
    "tiny/main.py": TINY,
    "wide/main.py": WIDE,
    "maria/main.py": MARIA,
    "hanging/main.py": HANGING,
    "broken/main.py": BROKEN,
    "deep/main.py": DEEP,
}
QUICK = ("--select", "INJ001,LOG", "--engines", "app,attack", "--min-coverage", "0")


@dataclass(frozen=True, slots=True)
class Case:
    """A scan and what happens to it.

    Attributes:
        orders: What happens, and where.
        target: Which project.
        arguments: More of them for ``buckler scan``.
    """

    orders: tuple[Order, ...]
    target: str = "project"
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.target, *self.arguments, " then ".join(map(str, self.orders))])


class Place:
    """What one scan may touch: a project, and a folder for temporary files.

    Args:
        folder: Of its own; its name is in the environment of every process that the scan starts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        for path in (folder, self.temporary):
            path.mkdir()
            path.chmod(0o711)
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.environment = {
            **os.environ,
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(folder / "cache"),
            # One of the few names that reach even what starts the box.
            "LD_LIBRARY_PATH": str(folder / "marked"),
        }

    def start(self, case: Case) -> subprocess.Popen[str]:
        """Begin the scan that will be interrupted."""
        command = [sys.executable, SCRIPT, dumped(case.orders), str(self.folder / "hit"), "scan"]
        command += [str(self.folder / case.target), "-o", str(self.folder / "report.json")]
        return subprocess.Popen(
            [*command, *QUICK, *case.arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def hit(self) -> list[str]:
        """What was carried out."""
        path = self.folder / "hit"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def next_run(self) -> subprocess.CompletedProcess[str]:
        """A scan of something else, with the same folder for temporary files."""
        return subprocess.run(
            [*BUCKLER, "scan", str(self.folder / "tiny"), *QUICK, "--no-attack"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def left(self) -> list[str]:
        """Processes, sockets, mounts and folders that belong to this place."""
        found = [f"folder {path}" for path in self.temporary.iterdir()]
        for name in ("net/unix", "self/mountinfo"):
            lines = Path("/proc", name).read_text(encoding="utf-8").splitlines()
            found += [f"{name}: {line}" for line in lines if str(self.folder) in line]
        return found + [f"process {line}" for line in self._processes()]

    def _processes(self) -> Iterator[str]:
        marker = os.fsencode(self.folder) + b"/"
        for entry in Path("/proc").glob("[0-9]*"):
            told = [_of(entry, name) for name in ("cmdline", "environ", "cwd", "root", "exe")]
            if any(marker in text + b"/" for text in told):
                yield f"{entry.name} {told[0].replace(bytes(1), b' ').decode(errors='replace')}"


def _of(process: Path, name: str) -> bytes:
    try:
        path = process / name
        return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
    except OSError:
        return b""


def settled(place: Place, seconds: float = 10.0) -> list[str]:
    """What is left once the kernel had the time to end what was killed."""
    end = time.monotonic() + seconds
    while (left := place.left()) and time.monotonic() < end:
        time.sleep(0.05)
    return left

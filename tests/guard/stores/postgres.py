"""A PostgreSQL of the tests' own: a cluster in a scratch folder, on a Unix socket and on loopback."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from tests.conftest import needs_server
from tests.ports import free_port


@dataclass(frozen=True)
class Cluster:
    """Where it listens."""

    port: int
    folder: Path
    program: Path

    def url(self, driver: str = "asyncpg", database: str = "postgres") -> str:
        """Address for SQLAlchemy."""
        return f"postgresql+{driver}://shop@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each by itself."""
        address = f"postgresql://shop@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it answers."""
        command = [str(self.program), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        command += ["-h", "127.0.0.1", "-p", str(self.port), "-c", "fsync=off"]
        command += ["-c", "max_connections=60", "-c", "dynamic_shared_memory_type=mmap"]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, **processes._as_owner()
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                assert process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it at once, connections included."""
    process.send_signal(2)
    process.wait(20)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that runs meanwhile; skips where PostgreSQL is not installed."""
    needs_server("postgresql")
    program = PostgreSQL.program()
    assert program is not None
    folder = Path(tempfile.mkdtemp(prefix="stores-"))
    try:
        processes.give(folder)
        initdb = [str(program.parent / "initdb"), "-D", str(folder / "data"), "-U", "shop"]
        processes.run([*initdb, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"], folder)
        made = Cluster(free_port(), folder, program)
        process = made.start()
        try:
            yield made
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

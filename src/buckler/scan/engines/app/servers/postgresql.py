"""A throwaway PostgreSQL: a cluster in the scratch folder, on a Unix socket alone."""

from __future__ import annotations

import secrets
import signal
import struct
from pathlib import Path

from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.program import Program, answer

PORT = 5432
USER = "buckler"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_worker_processes": "0",
    "max_parallel_workers": "0",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "off",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",
}
_PROTOCOL = 196608


class PostgreSQL(Program):
    """See :class:`~buckler.scan.engines.app.servers.program.Program`; what it wrote is thrown away, so it ends at once."""

    kind = "postgresql"
    called = "PostgreSQL"
    hint = "install postgresql"
    programs = ("initdb",)
    socket_name = f".s.PGSQL.{PORT}"
    port = PORT
    user = USER
    end = signal.SIGQUIT

    @classmethod
    def program(cls) -> Path | None:
        """The server's program, with ``initdb`` beside it, or None."""
        found = binaries.find(*cls.programs)
        found = found.resolve() if found else None
        return found.parent / "postgres" if found and (found.parent / "postgres").exists() else None

    def _command(self, program: Path) -> list[str]:
        data = self._folder / "data"
        master = f"master_{secrets.token_hex(8)}"
        initdb = [str(program.parent / "initdb"), "-D", str(data), "-U", master]
        initdb += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        processes.run(initdb, self._folder)
        # A superuser starts programs on this side of the box, so nobody can sign in as one.
        role = f"CREATE ROLE {USER} LOGIN CREATEDB;\n"
        # Lets rows be put back without triggers and foreign keys; before PostgreSQL 15 it fails, unheard.
        role += f"GRANT SET ON PARAMETER session_replication_role TO {USER};\n"
        processes.run(
            [str(program), "--single", "-D", str(data), "postgres"],
            self._folder,
            told=role.encode(),
        )
        (data / "pg_hba.conf").write_text(f"local all {master} reject\nlocal all all trust\n")
        command = [str(program), "-D", str(data), "-k", str(self._folder), "-p", str(PORT)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _answers(self) -> bool:
        """Whether it takes a start-up message and says that it is ready (RFC-less: chapter 55.2)."""
        text = b"user\0" + USER.encode() + b"\0database\0postgres\0\0"
        message = struct.pack("!ii", len(text) + 8, _PROTOCOL) + text
        return answer(self._socket, message, 1) == b"R"

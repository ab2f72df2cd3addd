"""A throwaway MariaDB or MySQL: a data folder in scratch, on a Unix socket alone."""

from __future__ import annotations

import signal
from pathlib import Path

from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.program import Program, answer

SETTINGS = (
    "--no-defaults",
    "--skip-networking",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-doublewrite=0",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
)
USER = "buckler"
_OURS = (
    f"CREATE USER {USER}@localhost;",
    f"GRANT ALL PRIVILEGES ON `{USER}\\_%`.* TO {USER}@localhost;",
    # Many applications make their database when it is not there, whatever its name.
    f"GRANT CREATE ON *.* TO {USER}@localhost;",
)
RIGHTS = {
    True: (
        *_OURS,
        f"DELETE FROM mysql.global_priv WHERE User NOT IN ('{USER}', 'mariadb.sys');",  # noqa: S608 - a name of ours
        "FLUSH PRIVILEGES;",
    ),
    False: (
        *_OURS,
        f"UPDATE mysql.user SET account_locked = 'Y' WHERE User <> '{USER}';",  # noqa: S608 - a name of ours
        "FLUSH PRIVILEGES;",
    ),
}
"""Whoever may do everything may have the server write its log into any file (``general_log_file``), so
nobody signs in as one; for MariaDB and for MySQL."""


class MySQL(Program):
    """See :class:`~buckler.scan.engines.app.servers.program.Program`; what it wrote is thrown away, so it ends at once."""

    kind = "mysql"
    called = "MariaDB or MySQL"
    hint = "install mariadb-server"
    programs = ("mariadbd", "mysqld")
    socket_name = "mysql.sock"
    user = USER
    end = signal.SIGKILL

    def _command(self, program: Path) -> list[str]:
        data = self._folder / "data"
        self._initialise(program, data)
        command = [str(program), *SETTINGS, f"--datadir={data}", f"--socket={self._socket}"]
        files = self._folder / "files"
        files.mkdir()
        command += [f"--secure-file-priv={files}", "--local-infile=0"]
        rights = self._folder / "rights.sql"
        rights.write_text("\n".join(RIGHTS[program.resolve().name == "mariadbd"]) + "\n")
        command += [f"--init-file={rights}"]
        command += [f"--pid-file={self._folder / 'server.pid.txt'}", f"--tmpdir={self._folder}"]
        return command

    def _initialise(self, program: Path, data: Path) -> None:
        installer = binaries.find("mariadb-install-db", "mysql_install_db")
        if program.name == "mariadbd" and installer is not None:
            command = [str(installer), "--no-defaults", f"--datadir={data}", "--skip-test-db"]
            command += ["--auth-root-authentication-method=normal"]
        else:
            command = [str(program), "--no-defaults", "--initialize-insecure", f"--datadir={data}"]
        processes.run([*command, f"--tmpdir={self._folder}"], self._folder)

    def _answers(self) -> bool:
        """Whether it greets: the first packet carries protocol version 10."""
        return (answer(self._socket, b"", 5) or b"")[4:5] == b"\x0a"

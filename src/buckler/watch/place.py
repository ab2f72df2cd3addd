"""The folder of watch's data: for its user alone, held by one process, with the key of what is encrypted.

Threat: secrets of channels and reports about other people's holes that every user of a machine can read (CWE-732).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buckler.guard.auth.secret import SHORTEST
from buckler.watch.errors import OccupiedError, RefusedError

KEY_VARIABLE: Final = "BUCKLER_WATCH_KEY"
DATA_VARIABLE: Final = "BUCKLER_WATCH_DATA"
RESTORING: Final = "restoring"
"""Where a back-up is unpacked; while it is there, what is beside it may be half there, and nobody opens the folder."""


def default_folder() -> Path:
    """Where data are kept if nobody says it: as the platform has it for data of users."""
    if named := os.environ.get(DATA_VARIABLE):
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/buckler/watch"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local/share") / "buckler" / "watch"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder.

    Attributes:
        folder: Of mode 0700.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Place:
        """Make the folder, or take one that is there.

        Raises:
            RefusedError: It cannot be made, is somebody else's, others may read it, or a back-up is not all there yet.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.stat()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise RefusedError(f"the data folder {folder} cannot be made: {why}") from error
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise RefusedError(
                f"the data folder {folder} is open to others", hint=f"chmod 700 {folder}; or --data"
            )
        place = cls(folder.resolve())
        place.check_whole()
        return place

    def check_whole(self) -> None:
        """Look whether no back-up is put into it now.

        Raises:
            RefusedError: One is, or the process that did it died.
        """
        if (self.folder / RESTORING).exists():
            raise RefusedError(
                f"a back-up is being restored into {self.folder}",
                hint="wait for it; if nothing does it any more, remove all that is in there, and restore again",
            )

    @property
    def database(self) -> str:
        """Address of watch's own database."""
        return f"sqlite:///{self.folder / 'watch.db'}"

    @property
    def identities(self) -> str:
        """Address of the database of accounts."""
        return f"sqlite+aiosqlite:///{self.folder / 'identities.db'}"

    @property
    def engine(self) -> Path:
        """File of the engine."""
        return self.folder / "engine.db"

    @property
    def scratch(self) -> Path:
        """Folder for scans; made anew at each start, so that nothing of a killed process stays."""
        return self.folder / "scratch"

    def key(self) -> bytes:
        """The secret of this installation: the variable, or a file that is made at the first start.

        Raises:
            RefusedError: The variable holds less than 32 bytes.
        """
        if (given := os.environ.get(KEY_VARIABLE)) is not None:
            if len(given.encode()) < SHORTEST:
                raise RefusedError(f"{KEY_VARIABLE} has less than {SHORTEST} bytes")
            return given.encode()
        path = self.folder / "key"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self._read(path)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_urlsafe(48).encode())
        return self._read(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder: what is SQLite in it belongs to one process.

        Raises:
            OccupiedError: Another one holds it.
            RefusedError: A back-up is not all there yet.
        """
        path = self.folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OccupiedError(
                    f"another process has {self.folder} open",
                    hint="end it, give --data another folder, or use PostgreSQL for several workers",
                ) from error
            self.check_whole()
            yield
        finally:
            os.close(descriptor)

    @staticmethod
    def _read(path: Path) -> bytes:
        found = path.read_bytes().strip()
        if len(found) < SHORTEST:
            raise RefusedError(f"the key in {path} is too short", hint="take it from a backup")
        return found

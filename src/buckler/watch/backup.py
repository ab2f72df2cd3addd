"""Back-up of an installation on SQLite while it runs, into one file; :mod:`~buckler.watch.restore` is the way back.

Threat: a copy of a database that is being written is none; a back-up holds the key and every secret that it opens, so it is
for its user alone (CWE-530).
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from buckler import __version__
from buckler.watch.errors import RefusedError
from buckler.watch.place import KEY_VARIABLE, Place

DATABASES: Final = ("watch.db", "engine.db", "identities.db")
KEY: Final = "key"
ABOUT: Final = "about.json"
FORM: Final = 1
PAGES: Final = 2_000
"""Copied at once; the service writes in between."""


def postgresql(url: str) -> str:
    """What to do where the data are in PostgreSQL.

    Args:
        url: Of the database, without its password.
    """
    return (
        f"pg_dump --format=custom --file=watch.dump '{url}'\n"
        f"keep {KEY_VARIABLE} or the file 'key' of the data folder beside it; back: pg_restore --dbname='…' watch.dump"
    )


def backup(place: Place, file: Path) -> list[str]:
    """Write a back-up; names of what is in it.

    Each file is whole; they are copied one after the other, and :func:`~buckler.watch.restore.restore` brings them together.

    Args:
        place: Of the data; a service may have it open.
        file: That is made, of mode 0600; there must be none.

    Raises:
        RefusedError: There are no data, the file is there already, or it cannot be written.
    """
    if not (place.folder / DATABASES[0]).is_file():
        raise RefusedError(f"there are no data in {place.folder}", hint="--data FOLDER")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RefusedError(f"{file} cannot be made: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as stream, _copies(place) as copied:
            with tarfile.open(fileobj=stream, mode="w") as archive:
                about = json.dumps({"form": FORM, "version": __version__, "made": time.time()})
                _add(archive, ABOUT, about.encode())
                for name, path in copied.items():
                    archive.add(path, name, filter=_plain)
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, sqlite3.Error) as error:
        file.unlink(missing_ok=True)
        raise RefusedError(f"{file} cannot be written: {error}") from error
    return list(copied)


@contextmanager
def _copies(place: Place) -> Iterator[dict[str, Path]]:
    """Copies of all files, beside them, so that they are on a disk that has room for them."""
    scratch = Path(tempfile.mkdtemp(prefix="backup-", dir=place.folder))
    try:
        made = {}
        for name in ("engine.db", "identities.db", "watch.db"):
            if (place.folder / name).is_file():
                made[name] = scratch / name
                _copy(place.folder / name, made[name])
        if (place.folder / KEY).is_file():
            made[KEY] = scratch / KEY
            shutil.copyfile(place.folder / KEY, made[KEY])
        yield made
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy(source: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source.as_posix()}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(copy)) as new,
    ):
        old.backup(new, pages=PAGES, sleep=0.01)


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(body), 0o600
    archive.addfile(info, io.BytesIO(body))


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info

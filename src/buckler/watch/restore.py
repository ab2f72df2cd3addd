"""The way back of a back-up into an empty folder: all of it, or nothing.

Threat: an archive of strangers writes wherever its names lead (CWE-22) or more than the disk holds (CWE-409); one that is
broken, of a later version, or without its key is found out when what it took the place of is gone; and a service that
is started meanwhile works on half of it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tarfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from buckler.guard.auth.secret import SHORTEST
from buckler.guard.stores.sql import migrations as accounts
from buckler.guard.stores.sql.tables import PREFIX as ACCOUNTS
from buckler.watch import identities
from buckler.watch.alerts import secrets
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.backup import ABOUT, DATABASES, FORM, KEY
from buckler.watch.db import migrations
from buckler.watch.errors import RefusedError
from buckler.watch.place import KEY_VARIABLE, RESTORING, Place

_SEALED: Final = {"watch_channels": secrets.PURPOSE, "watch_identities": identities.PURPOSE}
"""Where secrets are kept, and what they were sealed for."""
_ANEW: Final = (
    "with --other-key secrets of channels and identities, second factors and tokens are lost"
)


def restore(file: Path, folder: Path, *, other_key: bool = False) -> list[str]:
    """Put a back-up into an empty folder; names of what was in it.

    It is unpacked and judged aside. Whatever opens the folder meanwhile is refused, and so it is where this process dies
    before everything is in its place.

    Args:
        file: That :func:`~buckler.watch.backup.backup` made.
        folder: Empty, or not there.
        other_key: Whether to go on with the key of this machine where that of the back-up is lost.

    Raises:
        RefusedError: The folder is not empty or came into use; the file is no back-up, a broken one, or of a later version;
            its key is missing or another one; or there is no room.
    """
    place = Place.at(folder)
    aside = place.folder / RESTORING
    try:
        aside.mkdir(mode=0o700)
    except OSError as error:
        raise RefusedError(f"{place.folder} cannot be written: {error.strerror}") from error
    try:
        if any(one != aside for one in place.folder.iterdir()):
            raise RefusedError(f"{place.folder} is not empty", hint="restore into another folder")
        found = _judged(file, aside, other_key=other_key)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    try:
        _put(aside, place.folder, found)
    except OSError as error:
        raise RefusedError(
            f"{place.folder} came into use meanwhile: {error.strerror}",
            hint="end what uses it, remove all that is in it, and restore again",
        ) from error
    return found


def _judged(file: Path, aside: Path, *, other_key: bool) -> list[str]:
    try:
        with tarfile.open(file, "r:") as archive:
            found = _unpacked(archive, aside)
        for name in DATABASES:
            if name in found:
                _sound(aside / name)
        _ask_again(aside / DATABASES[0], time.time())
        for name in found:
            _kept(aside / name)
    except (OSError, tarfile.TarError, sqlite3.Error, ValueError, RecursionError) as error:
        raise RefusedError(
            f"{file} cannot be restored, or is no back-up that is whole: {error}"
        ) from error
    _known(aside)
    if other_key:
        (aside / KEY).unlink(missing_ok=True)
        return [name for name in found if name != KEY]
    _opens(aside)
    return found


def _unpacked(archive: tarfile.TarFile, aside: Path) -> list[str]:
    found: list[str] = []
    about: object = None
    for info in archive:
        known = info.name in (*DATABASES, KEY, ABOUT)
        # A sparse one has any size at all.
        if not info.isfile() or info.issparse() or not known or info.name in found:
            raise ValueError(f"it holds {info.name[:60]!r}")
        stream = archive.extractfile(info)
        if stream is None:
            raise ValueError(f"{info.name} cannot be read")
        if info.name == ABOUT:
            about = json.loads(stream.read(10_000))
            continue
        descriptor = os.open(aside / info.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        found.append(info.name)
    form = about.get("form") if isinstance(about, dict) else None
    if form != FORM or DATABASES[0] not in found:
        raise ValueError("parts of it are missing, or it is of a later version")
    return found


def _sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        told = connection.execute("PRAGMA quick_check(1)").fetchone()
    if told is None or told[0] != "ok":
        raise ValueError(f"{path.name} is damaged")


def _ask_again(path: Path, now: float) -> None:
    """Scans that had not ended are asked for again: the engine's copy is older and may not know of them."""
    left = "the back-up was made while it ran, and a later scan waited already"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE OR IGNORE watch_scans SET state = 'queued', handed_at = NULL"
            " WHERE state IN ('queued', 'running')"
        )
        connection.execute(
            "UPDATE watch_scans SET state = 'failed', why = ?, ended_at = ? WHERE state = 'running'",
            (left, now),
        )


def _known(aside: Path) -> None:
    """Look whether this version knows the tables.

    Raises:
        RefusedError: They are of a later one.
    """
    for name, table, folder in (
        (DATABASES[0], migrations.VERSION_TABLE, migrations.FOLDER),
        ("identities.db", accounts.version_table(ACCOUNTS), accounts.FOLDER),
    ):
        if (aside / name).is_file():
            for (revision,) in _rows(aside / name, table, "version_num"):
                migrations.check(str(revision), folder)


def _opens(aside: Path) -> None:
    """Look whether the key that a service would have here is that of the back-up.

    Raises:
        RefusedError: It is another one, or there is none.
    """
    given, path = os.environ.get(KEY_VARIABLE), aside / KEY
    own = path.read_bytes().strip() if path.is_file() else b""
    if given is None and not own:
        raise RefusedError(
            "the back-up holds no key", hint=f"set {KEY_VARIABLE} to that of then; {_ANEW}"
        )
    if given is not None and own and given.encode() != own:
        raise RefusedError(
            f"the key of the back-up is not that of {KEY_VARIABLE}",
            hint=f"unset it, or set it to that of then; {_ANEW}",
        )
    key = own if given is None else given.encode()
    if len(key) < SHORTEST:
        raise RefusedError(f"the key has less than {SHORTEST} bytes", hint=_ANEW)
    tried = [
        _opened(key, purpose, str(sealed), str(owner))
        for table, purpose in _SEALED.items()
        for owner, sealed in _rows(aside / DATABASES[0], table, "id, sealed")
    ]
    if tried and not any(tried):
        raise RefusedError(
            "the key opens none of the secrets of the back-up",
            hint=f"set {KEY_VARIABLE} to that of then; {_ANEW}",
        )


def _opened(key: bytes, purpose: str, sealed: str, owner: str) -> bool:
    try:
        Secrets(key, purpose).open(sealed, owner)
    except RefusedError:
        return False
    return True


def _rows(path: Path, table: str, columns: str) -> list[tuple[object, ...]]:
    """Of a table, if there is one: an earlier version had fewer."""
    with closing(sqlite3.connect(path)) as connection:
        there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if connection.execute(there, (table,)).fetchone() is None:
            return []
        return connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608


def _put(aside: Path, folder: Path, found: list[str]) -> None:
    """Everything into its place; the mark goes last, when all of it is on the disk."""
    for name in found:
        # Not over what somebody made meanwhile.
        os.link(aside / name, folder / name)
    _kept(folder)
    shutil.rmtree(aside)
    _kept(folder)


def _kept(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

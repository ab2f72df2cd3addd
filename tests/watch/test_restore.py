"""The way back of a back-up: all of it, or nothing, and nothing of what was there is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from buckler.watch import backup, restore
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.app import create_app
from buckler.watch.db import alerts, findings, migrations
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM
from buckler.watch.options import Options
from buckler.watch.place import KEY_VARIABLE, RESTORING, Place
from buckler.watch.service import Service
from tests.watch.archives import command, members, rewritten


@pytest.fixture
def whole(data: Path, tmp_path: Path) -> Path:
    """A back-up of these data, whose channel has a secret."""
    place = Place.at(data)
    database = Database(place.database)
    values = {"id": "c" * 32, "name": "desk", "kind": "slack", "options": {}, "filters": {}}
    sealed = Secrets(place.key()).seal({"url": "https://hook.example/s3cret"}, "c" * 32)
    with database.write() as connection:
        alerts.add_channel(
            connection, SYSTEM, {**values, "sealed": sealed, "quiet": None, "digest": 0.0}
        )
    database.close()
    file = tmp_path / "whole.tar"
    backup.backup(place, file)
    return file


@pytest.mark.parametrize("about", [b"[]", b'"x"', b"[" * 9_000, b"\xff", b"{}", b"null"])
def test_what_it_says_of_itself_may_be_anything(whole: Path, tmp_path: Path, about: bytes) -> None:
    rewritten(whole, {**members(whole), "about.json": about})
    with pytest.raises(RefusedError, match="no back-up that is whole"):
        restore.restore(whole, tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "table"),
    [("watch.db", migrations.VERSION_TABLE), ("identities.db", "buckler_alembic_version")],
)
def test_tables_of_a_later_version_are_not_taken(
    data: Path, tmp_path: Path, name: str, table: str
) -> None:
    service = Service(Options(data=data))
    with TestClient(create_app(service)) as client:
        client.portal.call(client.app.state.guard.identities.ready)  # type: ignore[union-attr,attr-defined]
    service.database.close()
    with closing(sqlite3.connect(data / name)) as connection, connection:
        connection.execute(f"UPDATE {table} SET version_num = 'of_tomorrow'")
    file, there = tmp_path / "a.tar", tmp_path / "there"
    backup.backup(Place(data), file)
    with pytest.raises(RefusedError, match="later version") as caught:
        restore.restore(file, there)
    assert "of_tomorrow" in caught.value.message
    assert list(there.iterdir()) == []


def test_a_service_on_tables_of_a_later_version_says_so(data: Path) -> None:
    with closing(sqlite3.connect(data / "watch.db")) as connection, connection:
        connection.execute("UPDATE watch_alembic_version SET version_num = 'of_tomorrow'")
    before = (data / "watch.db").read_bytes()
    error = command("status", "--data", str(data)).exception
    assert isinstance(error, RefusedError)
    assert "later version" in error.message
    assert (data / "watch.db").read_bytes() == before


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("none", "holds no key"),
        ("another", "opens none of the secrets"),
        ("short", "less than 32 bytes"),
        ("variable", "opens none of the secrets"),
        ("unlike", "is not that of BUCKLER_WATCH_KEY"),
    ],
)
def test_a_back_up_whose_key_is_not_here_is_refused(
    whole: Path, tmp_path: Path, how: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, made = tmp_path / "there", members(whole)
    if how == "none":
        del made["key"]
    elif how == "another":
        made["key"] = b"x" * 64
    elif how == "short":
        made["key"] = b"short"
    elif how == "variable":
        del made["key"]
        monkeypatch.setenv(KEY_VARIABLE, "y" * 64)
    else:
        monkeypatch.setenv(KEY_VARIABLE, "y" * 64)
    rewritten(whole, made)
    with pytest.raises(RefusedError, match=why) as caught:
        restore.restore(whole, there)
    assert "--other-key" in caught.value.hint
    assert list(there.iterdir()) == []
    assert "key" not in restore.restore(whole, there, other_key=True)
    assert not (there / "key").exists()
    Place.at(there).key()


def test_the_key_may_be_in_the_variable(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = members(whole)
    monkeypatch.setenv(KEY_VARIABLE, made.pop("key").decode())
    rewritten(whole, made)
    assert restore.restore(whole, tmp_path / "there") == ["watch.db"]


def test_a_service_that_starts_meanwhile_is_refused_and_loses_nothing(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, told = tmp_path / "there", []
    real = restore._unpacked

    def slow(archive: tarfile.TarFile, aside: Path) -> list[str]:
        found = real(archive, aside)
        with pytest.raises(RefusedError, match="being restored"):
            Service(Options(data=there))
        error = command("add", str(tmp_path), "--data", str(there)).exception
        told.append(getattr(error, "message", ""))
        return found

    monkeypatch.setattr(restore, "_unpacked", slow)
    assert restore.restore(whole, there) == ["watch.db", "key"]
    assert "being restored" in told[0]
    assert {one.name for one in there.iterdir()} == {"watch.db", "key"}
    with Service(Options(data=there)).running():
        pass


def test_what_somebody_made_meanwhile_is_not_written_over(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    real = restore._judged

    def slow(file: Path, aside: Path, *, other_key: bool) -> list[str]:
        (there / "key").write_text("somebody's own")
        return real(file, aside, other_key=other_key)

    monkeypatch.setattr(restore, "_judged", slow)
    with pytest.raises(RefusedError, match="came into use"):
        restore.restore(whole, there)
    assert (there / "key").read_text() == "somebody's own"
    with pytest.raises(RefusedError, match="being restored"):
        Place.at(there)
    with pytest.raises(RefusedError, match="being restored"), Place(there).held():
        pass


def test_a_folder_that_holds_data_keeps_them(whole: Path, data: Path) -> None:
    before = {one.name: one.read_bytes() for one in data.iterdir()}
    with pytest.raises(RefusedError, match="not empty"):
        restore.restore(whole, data)
    assert {one.name: one.read_bytes() for one in data.iterdir()} == before
    service = Service(Options(data=data))
    with service.running():
        with pytest.raises(RefusedError, match="not empty"):
            restore.restore(whole, data)
        with service.database.read() as connection:
            assert len(findings.listed(connection, SYSTEM, Wanted())) == 1
    assert not (data / RESTORING).exists()


RUN = """
import resource, sys
from pathlib import Path
from buckler.core.errors import BucklerError
from buckler.watch import restore
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
if sys.argv[4]:
    real = restore._put
    def put(aside, folder, found):
        restore.os.link(aside / found[0], folder / found[0])
        restore.os.kill(restore.os.getpid(), int(sys.argv[4]))
    restore._put = put
try:
    restore.restore(Path(sys.argv[1]), Path(sys.argv[2]))
except BucklerError as error:
    sys.exit(error.message)
"""


def restored(file: Path, there: Path, most: int, signal: str = "") -> tuple[int, str]:
    """Restore in a process that may write files of so many bytes, and dies by a signal in the middle of the end."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(file), str(there), str(most), signal],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_disk_that_is_full_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    size = len(members(whole)["watch.db"])
    for most in (0, 4096, size // 2, size - 1):
        code, told = restored(whole, there, most)
        assert (code, "cannot be restored" in told) == (1, True), told
        assert list(there.iterdir()) == []
    assert restored(whole, there, 1 << 30) == (0, "")


def test_who_dies_in_the_middle_leaves_nothing_that_is_taken_for_whole(
    whole: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    assert restored(whole, there, 1 << 30, "9")[0] == -9
    with pytest.raises(RefusedError, match="being restored") as caught:
        Service(Options(data=there))
    assert "restore again" in caught.value.hint
    with pytest.raises(RefusedError, match="being restored"):
        restore.restore(whole, there)


def test_a_file_of_holes_does_not_fill_the_disk(whole: Path, tmp_path: Path) -> None:
    rest = {name: body for name, body in members(whole).items() if name != "engine.db"}
    rewritten(whole, rest)
    with tarfile.open(whole, "a", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("engine.db")
        info.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,0",
            "GNU.sparse.size": str(1 << 42),
        }
        archive.addfile(info)
    code, told = restored(whole, tmp_path / "there", 1 << 30)
    assert (code, "it holds 'engine.db'" in told) == (1, True), told

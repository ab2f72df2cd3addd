"""A back-up while a service runs, and the way back into an empty folder."""

from __future__ import annotations

import json
import os
import sqlite3
import tarfile
import threading
import time
from pathlib import Path

import pytest

from buckler.core.errors import UsageError
from buckler.watch import backup, restore
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import findings, scans
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM
from buckler.watch.options import Options
from buckler.watch.place import Place
from buckler.watch.service import Service
from tests.watch.archives import command, members, rewritten
from tests.watch.made import finding, push, report, target


def test_a_back_up_is_for_its_user_and_goes_back_into_an_empty_folder(
    data: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "a.tar", tmp_path / "there"
    assert backup.backup(Place(data), file) == ["watch.db", "key"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in data.iterdir() if p.name.startswith("backup")) == []
    with pytest.raises(RefusedError, match="cannot be made"):
        backup.backup(Place(data), file)
    assert restore.restore(file, there) == ["watch.db", "key"]
    assert {p.stat().st_mode & 0o777 for p in there.iterdir()} == {0o600}
    place = Place.at(there)
    assert Secrets(place.key()).open((data / "sealed").read_text(), "x") == {"a": "b"}
    database = Database(place.database)
    with database.read() as connection:
        assert len(findings.listed(connection, SYSTEM, Wanted())) == 1
        told = {(s.state, s.handed_at, s.asked_at) for s in scans.listed(connection, SYSTEM)}
    database.close()
    assert ("queued", None, 1001.0) in told
    assert ("queued", None, 1005.0) in told
    assert ("failed", None, 1003.0) in told
    with pytest.raises(RefusedError, match="not empty"):
        restore.restore(file, there)


def test_a_back_up_of_a_service_that_writes_is_whole(tmp_path: Path) -> None:
    service = Service(Options(data=tmp_path / "data"))
    with service.running():
        shop = target(service.database)
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                push(service.database, shop, report(finding(number)), time.time())

        thread = threading.Thread(target=write)
        thread.start()
        files = [tmp_path / f"{n}.tar" for n in range(3)]
        for file in files:
            names = backup.backup(service.place, file)
            time.sleep(0.2)
        stop.set()
        thread.join()
    assert set(names) == {"watch.db", "engine.db", "key"}
    for number, file in enumerate(files):
        there = tmp_path / f"there{number}"
        restore.restore(file, there)
        with sqlite3.connect(there / "watch.db") as connection:
            open_ones = connection.execute(
                "SELECT count(*) FROM watch_findings WHERE state = 'open'"
            ).fetchone()[0]
            done = connection.execute("SELECT count(*) FROM watch_reports").fetchone()[0]
        # One finding of the last report is open, whichever that was: no transaction is there by half.
        assert open_ones == (1 if done else 0)
    again = Service(Options(data=tmp_path / "there2"))
    with again.running():
        pass


@pytest.mark.parametrize(
    "kind", ["none", "path", "link", "foreign", "later", "cut", "damaged", "no database"]
)
def test_what_is_no_back_up_leaves_nothing(data: Path, tmp_path: Path, kind: str) -> None:
    file, there = tmp_path / "a.tar", tmp_path / "there"
    backup.backup(Place(data), file)
    made = members(file)
    if kind == "none":
        file.write_bytes(b"nothing")
    elif kind == "path":
        rewritten(file, {**made, "../evil": b"x"})
    elif kind == "foreign":
        rewritten(file, {**made, "authorized_keys": b"x"})
    elif kind == "later":
        rewritten(file, {**made, "about.json": b'{"form": 2}'})
    elif kind == "no database":
        rewritten(file, {name: body for name, body in made.items() if name != "watch.db"})
    elif kind == "damaged":
        body = bytearray(made["watch.db"])
        body[4096:60_000] = os.urandom(60_000 - 4096)
        rewritten(file, {**made, "watch.db": bytes(body)})
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        with tarfile.open(file, "w") as archive:
            info = tarfile.TarInfo("key")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(RefusedError, match="no back-up that is whole"):
        restore.restore(file, there)
    assert list(there.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_the_commands(data: Path, tmp_path: Path) -> None:
    file, there = str(tmp_path / "a.tar"), str(tmp_path / "there")
    done = command("backup", file, "--data", str(data))
    assert (done.exit_code, "watch.db, key" in done.stdout) == (0, True), done.output
    assert command("restore", file, "--data", there).exit_code == 0
    shown = json.loads(command("status", "--json", "--data", there).stdout)
    assert sorted(one["name"] for one in shown) == ["desk", "shop"]
    url = "postgresql://ann:s3cret@db.example/watch"
    for arguments in (("backup", str(tmp_path / "b.tar")), ("restore", file)):
        error = command(*arguments, "--database", url).exception
        assert isinstance(error, UsageError)
        assert "pg_" in error.hint
        assert "s3cret" not in error.hint
    empty = str(tmp_path / "empty")
    error = command("backup", str(tmp_path / "b.tar"), "--data", empty).exception
    assert isinstance(error, RefusedError)
    assert "no data" in error.message

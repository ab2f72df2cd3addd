"""Where records come from, and the index that they become."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from buckler.core.errors import AdvisoryError
from buckler.scan.engines.packages.advisories import archive as archives
from buckler.scan.engines.packages.advisories.index import FORMAT, Index
from buckler.scan.engines.packages.advisories.update import update
from buckler.scan.engines.packages.matching import match
from tests.scan.packages.osv import archive, record


def made(path: Path, *records: Any, **joined: str) -> Path:
    update(str(archive(path.with_suffix(".zip"), *records)), path, **joined)
    return path


def known(path: Path, name: str, version: str) -> list[str]:
    with Index(path) as index:
        found = match(index, [(name, version)])
    return [weakness.name for matched in found.values() for weakness in matched.weaknesses]


# Sources


@pytest.mark.parametrize("odd", ["2999-01-01T00:00:00Z", "zzz", "", "0001-01-01T00:00:00+23:59"])
def test_one_odd_date_does_not_say_how_old_the_advisories_are(tmp_path: Path, odd: str) -> None:
    late = {**record("A-2"), "modified": "2026-11-02T01:00:00+02:00"}
    records = (record("A-1"), {**record("A-3"), "modified": odd}, late)
    about, _ = update(str(archive(tmp_path / "a.zip", *records)), tmp_path / "a.sqlite")
    assert about.date == late["modified"]
    assert about.records == 3


def test_records_come_from_a_folder_a_zip_a_tar_and_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "records" / "vulns"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(record("A-1")))
    (folder / "b.yaml").write_text(
        "id: A-2\nmodified: 2026-11-02T00:00:00Z\naffected:\n- package: {ecosystem: PyPI, name: shop-labels}\n"
        "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: '2'\n"
    )
    (folder / "link.json").symlink_to("/etc/hostname")
    (folder / "readme.txt").write_text("no record")
    tar = tmp_path / "records.tar.gz"
    with tarfile.open(tar, "w:gz") as stream:
        stream.add(folder, "vulns")
    for source in (tmp_path / "records", tar):
        about, gathered = update(str(source), tmp_path / "a.sqlite")
        assert about.records == 2
        assert about.date.startswith("2026-11-02")
        assert known(tmp_path / "a.sqlite", "shop-labels", "1.5") == ["A-2"]
        assert [name for name, _ in gathered.broken][:1] in ([], ["vulns/link.json"])
    about, _ = update(str(folder / "a.json"), tmp_path / "a.sqlite")
    assert about.records == 1


def test_what_can_be_read_is_used_and_what_cannot_is_named(tmp_path: Path) -> None:
    source = archive(
        tmp_path / "a.zip", record("A-1"), "<<<<<<< HEAD\n{}", '{"id": 1}', "[" * 99_999
    )
    about, gathered = update(str(source), tmp_path / "a.sqlite")
    assert (about.records, about.broken) == (1, 3)
    assert [name for name, _ in gathered.broken] == ["1.json", "2.json", "3.json"]


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("A-1.json", b" " * (archives.ENTRY_BYTES + 1))
    return path


def climbing(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("../../../A-1.json", json.dumps(record("A-1")))
        stream.writestr("/A-2.json", json.dumps(record("A-2")))
    return path


def cut(path: Path) -> Path:
    whole = archive(path, *(record(f"A-{n}") for n in range(50))).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def flipped(path: Path) -> Path:
    whole = bytearray(archive(path, *(record(f"A-{n}") for n in range(50))).read_bytes())
    whole[60:70] = bytes(10)
    path.write_bytes(whole)
    return path


def aliased(path: Path) -> Path:
    """YAML that unfolds to a thousand million items."""
    lines = ["id: A-1", "x0: &x0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.with_suffix(".yaml").write_text("\n".join([*lines, "summary: *x8", "affected: *x8"]))
    return path.with_suffix(".yaml")


@pytest.mark.parametrize("make", [bomb, cut, flipped, aliased])
def test_a_bad_archive_leaves_the_index_as_it_was(tmp_path: Path, make: Any) -> None:
    path = made(tmp_path / "a.sqlite", record("OLD-1"))
    before = path.read_bytes()
    with pytest.raises(AdvisoryError):
        update(str(make(tmp_path / "new.zip")), path)
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} <= {"a.sqlite", "a.zip", "new.zip", "new.yaml"}


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    update(str(climbing(tmp_path / "new.zip")), tmp_path / "a.sqlite")
    assert known(tmp_path / "a.sqlite", "shop-labels", "1.0") == ["A-1", "A-2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.sqlite", "new.zip"]


def test_plain_http_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(AdvisoryError, match="is not https"):
        update("http://advisories.example/all.zip", tmp_path / "a.sqlite")


# The index


def test_an_index_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", record("A-1"))
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    with pytest.raises(AdvisoryError, match="later version"):
        Index(path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"text", bytes(5000)])
def test_what_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.sqlite").write_bytes(content)
    with pytest.raises(AdvisoryError) as caught:
        Index(tmp_path / "a.sqlite")
    assert "buckler advisories update" in caught.value.hint


def test_an_index_that_is_cut_short_says_so(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", *(record(f"A-{n}", f"p{n}") for n in range(300)))
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(AdvisoryError), Index(path) as index:
        index.known([f"p{n}" for n in range(300)])


KILLED = """
import sys
from pathlib import Path
from buckler.scan.engines.packages.advisories.update import update
print("go", flush=True)
while True:
    update(sys.argv[1], Path(sys.argv[2]))
    update(sys.argv[3], Path(sys.argv[2]))
    print("again", flush=True)
"""


def test_killed_at_any_point_the_old_or_the_new_index_is_there(tmp_path: Path) -> None:
    """Three loops of updates, each stopped ten times and more wherever it happens to be, and killed at the last one.

    There are more of the last one until a stop has come while an index was written: on a busy machine few do.
    """
    path = tmp_path / "a.sqlite"
    sources = [
        archive(tmp_path / f"{n}.zip", *(record(f"{n}-{i}", f"p{i}") for i in range(400)))
        for n in ("ONE", "TWO")
    ]
    update(str(sources[0]), path)
    command = [sys.executable, "-c", KILLED, str(sources[0]), str(path), str(sources[1])]
    left = set()
    deadline = time.monotonic() + 60
    for loop in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None and child.stdout.readline() == b"go\n"
            for stop in count():
                time.sleep(0.004 * (stop % 10) + 0.003)
                child.send_signal(signal.SIGSTOP)
                assert_whole(path)
                left |= {p.name for p in tmp_path.glob(".advisories-*")}
                if stop >= 9 and (loop < 2 or left or time.monotonic() > deadline):
                    child.kill()
                    break
                child.send_signal(signal.SIGCONT)
        assert_whole(path)
    assert left, "none of the stops came while a new index was written"
    long_ago = time.time() - 7200
    for stray in tmp_path.glob(".advisories-*"):
        os.utime(stray, (long_ago, long_ago))
    update(str(sources[0]), path)
    assert list(tmp_path.glob(".advisories-*")) == []


def assert_whole(path: Path) -> None:
    with Index(path) as index:
        assert {a.id[:3] for a in index.records(range(400)).values()} in ({"ONE"}, {"TWO"})
        assert len(index.records(range(400))) == index.about.records == 400
        assert len(index.known(f"p{i}" for i in range(400))) == 400


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", record("A-1", details="x" * 5000, summary="Ünïcode\u2028"))
    with Index(path) as index:
        found = index.records([0])[0]
    assert (found.summary, found.details) == ("Ünïcode\u2028", "x" * 5000)

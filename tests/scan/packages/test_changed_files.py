"""Installed files and wheels are compared with the hashes that came with them."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import zipfile
from pathlib import Path

import pytest

from buckler.core.events import GapFound
from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules.packages import changed_files
from buckler.scan.rules.packages.changed_files import ChangedFiles


def row(path: str, data: bytes, algorithm: str = "sha256") -> str:
    made = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).decode().rstrip("=")
    return f'"{path}",{algorithm}={made},{len(data)}\n'


@pytest.fixture
def library(tmp_path: Path) -> Path:
    made = tmp_path / ".venv/lib/python3.13/site-packages"
    (made / "labels-1.0.dist-info").mkdir(parents=True)
    (made / "labels-1.0.dist-info/METADATA").write_text("Name: labels\nVersion: 1.0\n")
    return made


@pytest.fixture
def told(library: Path, tmp_path: Path):
    def run(record: str, gaps: list[GapFound] | None = None) -> list[tuple[str, str]]:
        (library / "labels-1.0.dist-info/RECORD").write_text(record)
        kept = gaps if gaps is not None else []
        found = inventories(tmp_path, environment=tmp_path / ".venv")
        inventory = next(i for i in found if i.kind == "environment")
        seen = InventorySeen(tmp_path, inventory, emit=kept.append)
        return [(f.message, f.severity.value) for f in ChangedFiles().check_inventory(seen)]

    return run


def test_what_is_as_it_came_is_not_told(library: Path, told) -> None:
    for name in ("a.py", "b,c.py", "d.so", "e.txt"):
        (library / name).write_bytes(name.encode())
    (library / "e.txt").write_text("other data")
    record = "".join(row(n, n.encode(), a) for n, a in (("a.py", "sha512"), ("b,c.py", "sha384")))
    record += row("d.so", b"d.so") + row("e.txt", b"e.txt") + "x.pyc,,\nold.py,md5=x,1\n"
    record += "../../../bin/gone.py,sha256=AAAA,1\n/etc/gone.py,sha256=AAAA,1\n"
    gaps: list[GapFound] = []
    assert told(record, gaps) == [] == gaps


def test_changed_and_missing_code_is(library: Path, told) -> None:
    (library / "a.py").write_text("as = 1")
    assert told(row("a.py", b"as = 2")) == [
        ("labels 1.0: a.py is not what it came with.", "medium")
    ]
    assert told(row("a.py", b"as = 10")) == [
        ("labels 1.0: a.py is not what it came with.", "medium")
    ]
    assert told(row("b.py", b"as = 1")) == [("labels 1.0: b.py is gone.", "info")]


def test_what_was_not_compared_is_a_gap(
    library: Path, told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as may be read is: the file that is too long is left out, and said so, the shorter one is not."""
    (library / "long.py").write_text("as = 100")
    (library / "a.py").write_text("as = 1")
    record = row("long.py", b"as = 200") + row("a.py", b"as = 2")
    one = ["labels 1.0: a.py is not what it came with."]
    both = ["labels 1.0: long.py, a.py is not what it came with."]
    for most, messages, left_out in ((7, one, 1), (14, both, 0)):
        monkeypatch.setattr(changed_files, "MAX_BYTES", most)
        gaps: list[GapFound] = []
        assert [message for message, _ in told(record, gaps)] == messages
        assert len(gaps) == left_out
        assert all("some of it was not compared" in gap.why for gap in gaps)


def test_links_and_pipes_are_followed_no_further_than_to_compare(
    library: Path, told, tmp_path: Path
) -> None:
    (tmp_path / "cache.py").write_text("as = 1")
    (library / "linked.py").symlink_to(tmp_path / "cache.py")  # as uv installs, where it is told to
    os.mkfifo(library / "pipe.py")
    (library / "zero.so").symlink_to("/dev/zero")
    record = row("linked.py", b"as = 1") + row("pipe.py", b"as = 1") + row("zero.so", b"as = 1")
    assert told(record) == [("labels 1.0: pipe.py, zero.so is not what it came with.", "medium")]


def test_a_record_that_cannot_be_read_is_a_gap(library: Path, told) -> None:
    gaps: list[GapFound] = []
    assert told('"' + "x" * 200_000, gaps) == []
    (gap,) = gaps
    assert gap.what.endswith("METADATA") and "RECORD" in gap.why


def wheel(path: Path, files: dict[str, bytes], record: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("labels-1.0.dist-info/RECORD", record)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.py": b"as = 1", "e.txt": b"e"}, ""),
        ({"a.py": b"as = 2", "e.txt": b"e"}, "a.py is not what it came with"),
        ({"a.py": b"as = 1", "e.txt": b"f"}, "e.txt is not what it came with"),
        ({"a.py": b"as = 1", "e.txt": b"e", "b.py": b""}, "b.py is not what it came with"),
        ({"a.py": b"as = 1"}, "e.txt is gone"),
    ],
)
def test_wheels(files: dict[str, bytes], message: str, tmp_path: Path) -> None:
    name = "labels-1.0-py3-none-any.whl"
    record = row("a.py", b"as = 1") + row("e.txt", b"e") + "labels-1.0.dist-info/RECORD,,\n"
    wheel(tmp_path / name, files, record)
    inventory = Inventory(".", "wheels", (Package("labels", "1.0", name, 1),))
    found = list(ChangedFiles().check_inventory(InventorySeen(tmp_path, inventory)))
    assert [f.message for f in found] == ([f"labels 1.0: {message}."] if message else [])


def test_a_broken_wheel_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "labels-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 cut short")
    inventory = Inventory(
        ".", "wheels", (Package("labels", "1.0", "labels-1.0-py3-none-any.whl", 1),)
    )
    gaps: list[GapFound] = []
    seen = InventorySeen(tmp_path, inventory, emit=gaps.append)
    assert list(ChangedFiles().check_inventory(seen)) == []
    assert [gap.what for gap in gaps] == ["labels-1.0-py3-none-any.whl"]


def test_a_wheel_with_too_long_a_list_of_files_is_a_gap(tmp_path: Path) -> None:
    name = "labels-1.0-py3-none-any.whl"
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, 60_000_000, 0, 0)
    (tmp_path / name).write_bytes(b"PK" + end)
    inventory = Inventory(".", "wheels", (Package("labels", "1.0", name, 1),))
    gaps: list[GapFound] = []
    seen = InventorySeen(tmp_path, inventory, emit=gaps.append)
    assert list(ChangedFiles().check_inventory(seen)) == []
    assert "too many files" in gaps[0].why

"""Folders of wheels, some of which are none."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest

from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.inventory.read import inventories

HEAD = "Metadata-Version: 2.4\nName: Shop_Labels\nVersion: 1.0\n"
WHEEL = "shop_labels-1.0-py3-none-any.whl"


def wheel(folder: Path, name: str = WHEEL, head: str = HEAD, **more: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if head:
            archive.writestr("shop_labels-1.0.dist-info/METADATA", head)
        for file, text in more.items():
            archive.writestr(file, text)
    return path


def read(folder: Path) -> Inventory:
    (found,) = inventories(folder)
    return found


def test_names_versions_and_what_they_bring(tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    wheel(
        folder, head=HEAD + "Requires-Dist: idna>=2\nRequires-Dist: extra; extra == 'e'\n\nBody\n"
    )
    wheel(folder, "idna-3.4-py3-none-any.whl", "Name: idna\nVersion: 3.4\n")
    found = read(tmp_path)
    assert (found.path, found.kind, found.problems) == ("wheels", "wheels", ())
    assert [(p.name, p.version, p.path, p.direct) for p in found.packages] == [
        ("idna", "3.4", "wheels/idna-3.4-py3-none-any.whl", False),
        ("shop-labels", "1.0", f"wheels/{WHEEL}", True),
    ]
    assert found.way_to("idna") == ("shop-labels", "idna")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def no_archive(path: Path) -> None:
    path.write_bytes(b"this is text")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def climbs(path: Path) -> None:
    wheel(path.parent, path.name, **{"../../etc/passwd": "x"})


def absolute(path: Path) -> None:
    wheel(path.parent, path.name, **{"/etc/passwd": "x"})


def bomb(path: Path) -> None:
    wheel(path.parent, path.name, HEAD + "\n" + "0" * 20_000_000)


def two(path: Path) -> None:
    wheel(path.parent, path.name, **{"other-1.0.dist-info/METADATA": HEAD})


def without(path: Path) -> None:
    wheel(path.parent, path.name, "", **{"shop_labels/__init__.py": ""})


def other(path: Path) -> None:
    wheel(path.parent, path.name, HEAD.replace("1.0\n", "6.6\n"))


def too_many(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(bytes(data))


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[40:60] = b"\xff" * 20
    path.write_bytes(bytes(data))


def encrypted(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    path.write_bytes(bytes(data))


def unknown_way(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.find(mark) + offset] = 98
    path.write_bytes(bytes(data))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    "spoil",
    [
        cut_short, no_archive, nothing, climbs, absolute, bomb, two, without, other, too_many, damaged,
        encrypted, unknown_way, pipe, link,
    ],
)  # fmt: skip
def test_a_bad_wheel_is_told_and_counts_by_its_name(tmp_path: Path, spoil) -> None:
    spoil(wheel(tmp_path / "wheels"))
    found = read(tmp_path)
    assert [(p.name, p.version) for p in found.packages] == [("shop-labels", "1.0")]
    (problem,) = found.problems
    assert problem.path == f"wheels/{WHEEL}"
    assert problem.what
    assert problem.hint


def test_a_name_that_is_none(tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "labels.whl")
    found = read(tmp_path)
    assert found.packages == ()
    assert [p.path for p in found.problems] == ["wheels/labels.whl"]

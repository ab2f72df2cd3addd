"""What is found in a project, and what is left alone."""

from __future__ import annotations

from pathlib import Path

from buckler.scan.engines.packages.inventory import read
from buckler.scan.engines.packages.inventory.read import inventories

LOCK = 'version = 1\n\n[[package]]\nname = "idna"\nversion = "3"\nsource = { registry = "x" }\n'


def put(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(LOCK)


def test_nothing_is_nothing(tmp_path: Path) -> None:
    found = inventories(tmp_path)
    assert (list(found), list(found.problems)) == ([], [])


def test_every_lock_of_a_repository(tmp_path: Path) -> None:
    put(tmp_path, "uv.lock", "services/a/uv.lock", "services/b/uv.lock")
    assert [i.path for i in inventories(tmp_path)] == [
        "uv.lock",
        "services/a/uv.lock",
        "services/b/uv.lock",
    ]


def test_what_is_not_the_application(tmp_path: Path) -> None:
    put(
        tmp_path,
        "tests/uv.lock",
        "node_modules/uv.lock",
        ".venv/uv.lock",
        "other/uv.lock",
        "docs/uv.lock",
    )
    (tmp_path / "other/pyvenv.cfg").write_text("")
    assert list(inventories(tmp_path)) == []


def test_a_project_without_an_end_is_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(read, "MAX_FILES", 3)
    put(tmp_path, "a", "b", "c", "uv.lock")
    assert [p.path for p in inventories(tmp_path).problems] == ["."]


def test_an_environment_beside_the_project(tmp_path: Path) -> None:
    place = tmp_path / "env-of-the-app/Lib/site-packages/idna-3.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Name: idna\nVersion: 3\n")
    (tmp_path / "shop").mkdir()
    (found,) = inventories(tmp_path / "shop", environment=tmp_path / "env-of-the-app")
    assert found.path == "../env-of-the-app"
    assert [p.path for p in found.packages] == [
        "../env-of-the-app/Lib/site-packages/idna-3.dist-info/METADATA"
    ]


def test_each_package_with_where_it_was_read(tmp_path: Path) -> None:
    put(tmp_path, "uv.lock")
    (tmp_path / "requirements.txt").write_text("idna==2\n")
    assert [(i.kind, p.version) for i, p in inventories(tmp_path).packages] == [
        ("uv.lock", "3"),
        ("requirements", "2"),
    ]

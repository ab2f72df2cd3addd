"""Files of a tree that is not trusted: links that lead out, devices, pipes, sizes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from buckler.core.errors import SettingsError, UnreadableFile
from buckler.core.files import read_project_file
from buckler.core.settings import load

MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"
SECRET = "sk_live_9f8e7d6c5b4a3210ffee"


@pytest.fixture
def folder(project, tmp_path: Path) -> Path:
    """A project with each kind of file that must not be read."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "creds.py").write_text(f'API_KEY = "{SECRET}"\npassword = "Tr0ub4dor-and-3-real"\n')
    made: Path = project({"main.py": MAIN, "inside.py": "x = 1\n"})
    (made / "settings.py").symlink_to("../outside/creds.py")
    (made / "absolute.py").symlink_to(outside / "creds.py")
    (made / "zero.py").symlink_to("/dev/zero")
    (made / "gone.py").symlink_to("nowhere.py")
    (made / "loop.py").symlink_to("loop.py")
    (made / "link.py").symlink_to("inside.py")
    os.mkfifo(made / "pipe.py")
    return made


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("settings.py", "leads out"),
        ("absolute.py", "leads out"),
        ("zero.py", "leads out"),
        ("pipe.py", "not a regular file"),
        ("loop.py", "cannot be read"),
        ("../outside/creds.py", "leads out"),
        (".", "not a regular file"),
    ],
)
def test_what_is_not_read(folder: Path, name: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_project_file(folder / name, folder, 1000)


def test_what_is_read(folder: Path) -> None:
    assert read_project_file(folder / "link.py", folder, 6) == b"x = 1\n"
    with pytest.raises(UnreadableFile, match="larger"):
        read_project_file(folder / "link.py", folder, 5)
    with pytest.raises(FileNotFoundError):
        read_project_file(folder / "gone.py", folder, 5)


def test_a_folder_that_is_a_link_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    alias = tmp_path / "alias"
    assert read_project_file(alias / "inside.py", alias, 10) == b"x = 1\n"


@pytest.mark.parametrize("where", ["/dev/zero", "../outside/creds.py"])
def test_settings_are_not_read_through_a_link(folder: Path, where: str) -> None:
    (folder / "pyproject.toml").symlink_to(where)
    with pytest.raises(SettingsError, match="leads out"):
        load(folder)


def test_a_scan_says_what_it_did_not_read(folder: Path, scan) -> None:
    report = scan(folder, engines=("source",))
    gaps = {gap.what: gap.why for gap in report.coverage.gaps}
    assert "leads out" in gaps["settings.py"]
    assert "leads out" in gaps["zero.py"]
    assert "regular" in gaps["pipe.py"]
    assert "gone.py" in gaps
    assert report.coverage.files_parsed == 3
    assert SECRET not in json.dumps([str(f) for f in report.findings])
    assert [f for f in report.findings if f.location.path == "settings.py"] == []


def test_the_application_is_found_beside_them(folder: Path, scan) -> None:
    (folder / "main.py").rename(folder / "service.py")
    (folder / "use.py").write_text("from zero import app\nfrom pipe import FastAPI\n")
    report = scan(folder, engines=("source", "app"))
    assert report.target["applications"] == ["service:app"]

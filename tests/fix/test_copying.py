"""Copies of projects that are not trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buckler.scan.fix.copying import copy_of


def test_a_copy_holds_the_project_and_goes(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("x = 1\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("[core]\n")
    (tmp_path / "own_env").mkdir()
    (tmp_path / "own_env/pyvenv.cfg").write_text("home = /usr\n")
    with copy_of(tmp_path) as copy:
        assert (copy / "app/main.py").read_text() == "x = 1\n"
        assert os.access(copy / "run.sh", os.X_OK)
        assert sorted(p.name for p in copy.iterdir()) == ["app", "run.sh"]
        (copy / "app/main.py").write_text("x = 2\n")
        place = copy.parent.parent
    assert (tmp_path / "app/main.py").read_text() == "x = 1\n"
    assert not place.exists()


def test_links_lead_into_the_copy_or_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "deep").mkdir(parents=True)
    (folder / "real.py").write_text("x = 1\n")
    (tmp_path / "outside.py").write_text("secret\n")
    (folder / "deep/inside.py").symlink_to(folder / "real.py")
    (folder / "outside.py").symlink_to(tmp_path / "outside.py")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "around").symlink_to(folder)
    with copy_of(folder) as copy:
        assert (copy / "deep/inside.py").resolve() == (copy / "real.py").resolve()
        assert not os.path.lexists(copy / "outside.py")
        assert not os.path.lexists(copy / "up")
        assert not os.path.lexists(copy / "loop")
        assert (copy / "around").resolve() == copy.resolve()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_is_left_behind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.py").write_text("")
    with copy_of(tmp_path) as copy:
        assert [p.name for p in copy.iterdir()] == ["a.py"]

"""All or nothing: modes, links, files that changed, disks that refuse."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from buckler.core.errors import ApplyError
from buckler.scan.fix.apply import apply
from buckler.scan.fix.edits import Edit, FileRepair, Repair
from buckler.scan.fix.writing import written


def repair(*files: FileRepair) -> Repair:
    return Repair(files, "changes it")


def put(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def both(folder: Path) -> list:
    edits = (Edit(0, 1, "X"),)
    return written(folder, [repair(FileRepair("a.py", edits), FileRepair("b.py", edits))])


def test_files_are_written_and_nothing_is_left_beside(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n", b="b = 1\n")
    apply(tmp_path, both(tmp_path))
    assert everything(tmp_path) == {"a.py": b"X = 1\n", "b.py": b"X = 1\n"}


def test_the_mode_stays(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n", b="b = 1\n")
    (tmp_path / "a.py").chmod(0o751)
    apply(tmp_path, both(tmp_path))
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o751


def test_a_file_that_changed_meanwhile_is_not_touched_nor_is_any_other(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n", b="b = 1\n")
    files = both(tmp_path)
    put(tmp_path, b="b = 2\n")
    with pytest.raises(ApplyError, match=r"b\.py changed on disk"):
        apply(tmp_path, files)
    assert everything(tmp_path) == {"a.py": b"a = 1\n", "b.py": b"b = 2\n"}


def test_a_file_that_is_gone_stops_all(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n", b="b = 1\n")
    files = both(tmp_path)
    (tmp_path / "b.py").unlink()
    with pytest.raises(ApplyError):
        apply(tmp_path, files)
    assert everything(tmp_path) == {"a.py": b"a = 1\n"}


@pytest.mark.parametrize("failing", ["replace", "fsync", "open"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_half_way_is_put_back(failing, error, tmp_path: Path, monkeypatch) -> None:
    """The second call of a system call fails, as on a full disk or by Ctrl-C."""
    put(tmp_path, a="a = 1\n", b="b = 1\n")
    files = both(tmp_path)
    real, calls = getattr(os, failing), []

    def fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(ApplyError if isinstance(error, OSError) else KeyboardInterrupt):
        apply(tmp_path, files)
    monkeypatch.undo()
    assert len(calls) >= 2
    assert everything(tmp_path) == {"a.py": b"a = 1\n", "b.py": b"b = 1\n"}


def test_a_link_within_the_project_is_followed(tmp_path: Path) -> None:
    put(tmp_path, real="a = 1\n")
    (tmp_path / "a.py").symlink_to("real.py")
    apply(tmp_path, written(tmp_path, [repair(FileRepair("a.py", (Edit(0, 1, "X"),)))]))
    assert (tmp_path / "a.py").is_symlink()
    assert (tmp_path / "real.py").read_text() == "X = 1\n"


def test_a_link_that_leads_out_by_then_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    put(folder, a="a = 1\n", b="b = 1\n")
    files = both(folder)
    (tmp_path / "outside.py").write_text("b = 1\n")
    (folder / "b.py").unlink()
    (folder / "b.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(ApplyError, match="leads out"):
        apply(folder, files)
    assert (tmp_path / "outside.py").read_text() == "b = 1\n"
    assert (folder / "a.py").read_text() == "a = 1\n"


def test_a_new_file_is_made_and_taken_back(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n")
    new = repair(
        FileRepair("a.py", (Edit(0, 1, "X"),)), FileRepair("deep/new.py", created="n = 1\n")
    )
    files = written(tmp_path, [new])
    apply(tmp_path, files)
    assert (tmp_path / "deep/new.py").read_text() == "n = 1\n"
    (tmp_path / "a.py").write_text("a = 1\n")
    (tmp_path / "deep/new.py").unlink()
    (tmp_path / "deep").rmdir()
    (tmp_path / "a.py").write_text("changed\n")
    with pytest.raises(ApplyError):
        apply(tmp_path, files)
    assert everything(tmp_path) == {"a.py": b"changed\n"}
    assert not (tmp_path / "deep").exists()


def test_a_new_file_overwrites_none_that_came_meanwhile(tmp_path: Path) -> None:
    put(tmp_path, a="a = 1\n")
    new = repair(FileRepair("a.py", (Edit(0, 1, "X"),)), FileRepair("new.py", created="n = 1\n"))
    files = written(tmp_path, [new])
    put(tmp_path, new="mine\n")
    with pytest.raises(ApplyError):
        apply(tmp_path, files)
    assert everything(tmp_path) == {"a.py": b"a = 1\n", "new.py": b"mine\n"}


def test_a_new_file_behind_a_link_that_leads_out_is_not_made(tmp_path: Path) -> None:
    folder, outside = tmp_path / "project", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    new = repair(FileRepair("link/new.py", created="n = 1\n"))
    with pytest.raises(ApplyError, match="leads out"):
        apply(folder, written(folder, [new]))
    assert list(outside.iterdir()) == []

"""The file: rotated, moved, shared by processes, and tied together by a chain."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from buckler.guard import Audit, Chain, EventKind, FileSink, GuardError, SecurityEvent
from buckler.guard.audit import file as file_module
from buckler.guard.audit.verify import verify
from tests.guard.logs import KEY, reasons, records, write


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write(tmp_path / "audit.log", 1)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "audit.log").stat().st_mode) == 0o600


def test_it_turns_by_size_and_keeps_so_many(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, *range(100), rotate=1000, keep=3)
    files = sorted(p.name for p in tmp_path.iterdir())
    assert files == [".audit.log.lock", "audit.log", "audit.log.1", "audit.log.2", "audit.log.3"]
    assert all((tmp_path / name).stat().st_size <= 1000 for name in files)
    got = reasons(*(tmp_path / f"audit.log.{n}" for n in (3, 2, 1)), path)
    assert got == [str(n) for n in range(100 - len(got), 100)]


def test_logrotate_may_move_remove_or_empty_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = FileSink(path, chain=Chain(KEY))
    file.write(records(1, 2))
    path.rename(tmp_path / "audit.log-2026")
    file.write(records(3))
    assert reasons(tmp_path / "audit.log-2026", path) == ["1", "2", "3"]
    whole = path.read_bytes()
    os.truncate(path, 0)
    file.write(records(4))
    rest = path.read_bytes()
    path.unlink()
    file.write(records(5))
    file.close()
    (tmp_path / "copy").write_bytes(whole + rest)
    verdict = verify(
        [tmp_path / "audit.log-2026", tmp_path / "copy", path], Chain(KEY), sealed=True
    )
    assert verdict.breaks == []
    assert verdict.records == 6


def test_a_link_or_a_pipe_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            FileSink(tmp_path / name).write(records(1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.log"
    file = FileSink(path, chain=Chain(KEY))
    file.write(records(1))
    real = os.write
    calls: list[int] = []

    def full(descriptor: int, data: Any) -> int:
        calls.append(len(data))
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:20])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        file.write(records(2, 3))
    monkeypatch.undo()
    file.write(records(2, 3))
    file.close()
    assert reasons(path) == ["1", "2", "3", "seal"]
    assert verify([path], Chain(KEY), sealed=True).whole


def test_many_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    program = (
        "import sys\n"
        "from buckler.guard import Audit, Chain, FileSink, EventKind, SecurityEvent\n"
        "audit = Audit(FileSink(sys.argv[1], chain=Chain(b'k' * 32), rotate=20000, keep=99))\n"
        "for n in range(200):\n"
        "    audit(SecurityEvent(kind=EventKind.FAILED, reason=f'{sys.argv[2]}-{n}'))\n"
        "    audit.flush(60) if n % 10 == 0 else None\n"
        "audit.close()\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(n)]) for n in range(3)
    ]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    files = [p for p in tmp_path.iterdir() if not p.name.endswith(".lock")]
    assert len(files) > 3
    verdict = verify(files, Chain(KEY))
    assert verdict.breaks == []
    assert verdict.records == 3 * 200 + 3
    for process in "012":
        own = [r for r in reasons(*files) if r.startswith(f"{process}-")]
        assert len(own) == 200


def test_a_process_waits_for_another_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_module, "LOCK_SECONDS", 0.02)
    path = tmp_path / "audit.log"
    first, second = FileSink(path), FileSink(path)
    with first._locked(), pytest.raises(BlockingIOError):
        second.write(records(1))
    assert not path.exists()
    second.write(records(1))
    assert reasons(path) == ["1"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_lock_is_not_shared_with_a_forked_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_module, "LOCK_SECONDS", 0.02)
    file = FileSink(tmp_path / "audit.log")
    with file._locked():
        child = os.fork()
        if child == 0:
            try:
                file.write(records(1))
            except BlockingIOError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_lock_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    first, second = FileSink(path, chain=Chain(KEY)), FileSink(path, chain=Chain(KEY))
    first.write(records(1))
    (tmp_path / ".audit.log.lock").unlink()
    second.write(records(2))
    first.write(records(3))
    assert first._lock >= 0 and os.path.sameopenfile(first._lock, second._lock)
    assert verify([path], Chain(KEY)).breaks == []


def test_wrong_options_are_told(tmp_path: Path) -> None:
    for make in (
        lambda: Chain("short"),
        lambda: FileSink(tmp_path / "none" / "x"),
        lambda: FileSink(tmp_path / "x", rotate="many"),
        lambda: FileSink(tmp_path / "x", keep=0),
    ):
        with pytest.raises(GuardError):
            make()
    assert "kkkk" not in repr(Chain(KEY))


def test_the_audit_seals_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    audit = Audit(FileSink(path, "ecs", chain=Chain(KEY)))
    audit(SecurityEvent(kind=EventKind.FAILED))
    audit.close()
    assert verify([path], Chain(KEY), sealed=True).records == 2

"""The file: rotated, moved, shared by processes, and tied together by a chain."""

from __future__ import annotations

import errno
import gzip
import hashlib
import hmac
import json
import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.guard import Audit, Chain, File, GuardError, Kind, Record, SecurityEvent
from buckler.guard.audit.verify import verify

KEY = b"k" * 32


def records(*numbers: int) -> list[Record]:
    return [Record(SecurityEvent(kind=Kind.FAILED, reason=str(n))) for n in numbers]


def write(path: Path, *numbers: int, sealed: bool = True, **options: Any) -> None:
    file = File(path, **options)
    file.open()
    for number in numbers:
        file.write(records(number))
    if sealed:
        file.close()


def reasons(*paths: Path) -> list[str]:
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return [json.loads(line).get("reason", "seal") for line in lines]


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
    file = File(path, chain=Chain(KEY))
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
            File(tmp_path / name).write(records(1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.log"
    file = File(path, chain=Chain(KEY))
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
        "from buckler.guard import Audit, Chain, File, Kind, SecurityEvent\n"
        "audit = Audit(File(sys.argv[1], chain=Chain(b'k' * 32), rotate=20000, keep=99))\n"
        "for n in range(200):\n"
        "    audit(SecurityEvent(kind=Kind.FAILED, reason=f'{sys.argv[2]}-{n}'))\n"
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


@pytest.mark.parametrize("key", [None, KEY])
def test_the_hash_is_what_the_documentation_says(tmp_path: Path, key: bytes | None) -> None:
    """Made again here with the standard library alone."""
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, chain=Chain(key))
    before = "0" * 64
    for number, line in enumerate(path.read_text().splitlines(), 1):
        chain = json.loads(line)["chain"]
        signed = re.sub(r',"hash":"[0-9a-f]{64}"', "", line).encode()
        wanted = hmac.new(KEY, signed, "sha256") if key else hashlib.sha256(signed)
        assert chain["hash"] == wanted.hexdigest()
        assert (chain["seq"], chain["prev"]) == (number, before)
        before = chain["hash"]
    assert chain["seal"] is True


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def drop(lines: list[bytes]) -> list[bytes]:
    return lines[:3] + lines[4:]


def swap(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def forge(lines: list[bytes]) -> list[bytes]:
    """Changed, and the hash made anew, which needs no key here."""
    text = lines[3].replace(b'"reason":"4"', b'"reason":"x"').decode().rstrip("\n")
    signed = re.sub(r',"hash":"[0-9a-f]{64}"', "", text).encode()
    made = hashlib.sha256(signed).hexdigest()
    lines[3] = re.sub(r'"hash":"[0-9a-f]{64}"', f'"hash":"{made}"', text).encode() + b"\n"
    return lines


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda old: old, []),
        (
            lambda old: [*old[:3], old[3].replace(b'"reason":"4"', b'"reason":"x"'), *old[4:]],
            [(4, "changed")],
        ),
        (drop, [(4, "removed")]),
        (lambda old: old[2:], [(1, "removed")]),
        (lambda old: old[:-1], [(7, "truncated")]),
        (lambda old: [*old[:-1], old[-1][:40]], [(8, "changed"), (8, "truncated")]),
        (swap, [(4, "reordered"), (5, "reordered")]),
        (lambda old: [*old[:4], old[3], *old[4:]], [(5, "repeated")]),
        (lambda old: [*old[:3], b'{"kind":"forged"}\n', *old[3:]], [(4, "changed")]),
        (lambda old: [*old[:3], b'{"kind":"forged"}\n', *old[4:]], [(4, "changed")]),
        (forge, [(5, "changed")]),
        (lambda old: [], [(0, "truncated")]),
    ],
    ids=[
        "whole",
        "changed",
        "removed",
        "start removed",
        "end removed",
        "half",
        "swapped",
        "repeated",
        "put in",
        "replaced",
        "forged without a key",
        "emptied",
    ],
)
def test_what_was_done_to_the_log_is_named(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], wanted: list[tuple[int, str]]
) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, 4, 5, 6, 7, chain=Chain())
    path.write_bytes(b"".join(change(lines_of(path))))
    verdict = verify([path], Chain(), sealed=True)
    assert [(b.line, b.what) for b in verdict.breaks] == wanted
    assert verdict.whole is (not wanted)


def test_with_a_key_a_forged_line_is_the_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, 4, 5, chain=Chain(KEY))
    path.write_bytes(b"".join(forge(lines_of(path))))
    verdict = verify([path], Chain(KEY))
    assert [(b.line, b.what) for b in verdict.breaks] == [(4, "changed")]


def test_another_key_and_none_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, chain=Chain(KEY))
    assert len(verify([path], Chain(b"x" * 32)).breaks) == 3
    assert "made with a key" in verify([path], Chain()).breaks[0].detail
    write(tmp_path / "plain", 1, chain=Chain())
    assert "without the key" in verify([tmp_path / "plain"], Chain(KEY)).breaks[0].detail


def test_a_head_noted_earlier_shows_a_log_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, chain=Chain(KEY))
    head = verify([path], Chain(KEY)).head.hash
    assert verify([path], Chain(KEY), head=head).whole
    path.write_bytes(b"".join(lines_of(path)[:2]))
    assert verify([path], Chain(KEY)).whole
    (found,) = verify([path], Chain(KEY), head=head).breaks
    assert found.what == "truncated"


def test_older_files_may_be_gone_if_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, *range(1, 20), chain=Chain(KEY), rotate=1500, keep=2)
    files = [path, tmp_path / "audit.log.1", tmp_path / "audit.log.2"]
    first = json.loads(lines_of(files[2])[0])["chain"]["seq"]
    assert first > 1
    assert [b.what for b in verify(files, Chain(KEY)).breaks] == ["removed"]
    assert verify(files, Chain(KEY), start=first).whole
    (found,) = verify([files[0], files[2]], Chain(KEY), start=first).breaks
    assert (found.file, found.line, found.what) == (str(path), 1, "removed")


def test_a_new_process_goes_on_with_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, chain=Chain(KEY))
    write(path, 2, chain=Chain(KEY))
    path.rename(tmp_path / "old")
    write(path, 3, chain=Chain(KEY))
    assert verify([tmp_path / "old", path], Chain(KEY), sealed=True).whole


def test_a_process_that_died_within_a_line_breaks_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, chain=Chain(KEY), sealed=False)
    with path.open("ab") as stream:
        stream.write(b'{"time":"2026')
    write(path, 3, chain=Chain(KEY))
    assert [(b.line, b.what) for b in verify([path], Chain(KEY)).breaks] == [(3, "changed")]


def test_compressed_files_are_read_and_broken_ones_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, chain=Chain(KEY))
    packed = tmp_path / "audit.log.1.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert verify([packed], Chain(KEY), sealed=True).whole
    packed.write_bytes(gzip.compress(path.read_bytes())[:-12])
    assert "unreadable" in [b.what for b in verify([packed], Chain(KEY)).breaks]
    packed.write_bytes(b"no gzip")
    assert [b.what for b in verify([packed], Chain(KEY)).breaks] == ["unreadable"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=2000), st.integers(0, 2**32))
def test_any_bytes_are_broken_and_never_a_crash(tmp_path: Path, noise: bytes, seed: int) -> None:
    path = tmp_path / "audit.log"
    for old in tmp_path.iterdir():
        old.unlink()
    write(path, 1, 2, 3, chain=Chain(KEY))
    whole = path.read_bytes()
    at = random.Random(seed).randrange(len(whole))
    path.write_bytes(whole[:at] + noise + whole[at + 1 :])
    verdict = verify([path], Chain(KEY), sealed=True)
    assert verdict.whole is (whole == path.read_bytes())


def test_hostile_files_are_read_without_keeping_them(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with path.open("wb") as stream:
        stream.write(b"[" * 100_000 + b"\n\xff\xfe\x00\n")
        stream.truncate(1024**3)  # a hole: one line of a gigabyte of NUL
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nlast")
    program = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from buckler.guard.audit.chain import Chain\n"
        "from buckler.guard.audit.verify import verify\n"
        "found = verify([Path(sys.argv[1])], Chain())\n"
        "print(found.records, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    count, megabytes = done.stdout.split()
    assert count == "4"
    assert int(megabytes) < 200


def test_wrong_options_are_told(tmp_path: Path) -> None:
    for make in (
        lambda: Chain("short"),
        lambda: File(tmp_path / "none" / "x"),
        lambda: File(tmp_path / "x", rotate="many"),
        lambda: File(tmp_path / "x", keep=0),
    ):
        with pytest.raises(GuardError):
            make()
    assert "kkkk" not in repr(Chain(KEY))


def test_the_audit_seals_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    audit = Audit(File(path, "ecs", chain=Chain(KEY)))
    audit(SecurityEvent(kind=Kind.FAILED))
    audit.close()
    assert verify([path], Chain(KEY), sealed=True).records == 2

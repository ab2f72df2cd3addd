"""The hash chain names what was done to a log, and no file makes it crash."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.guard import Chain, FileSink
from buckler.guard.audit.chain import Head
from buckler.guard.audit.verify import verify
from tests.guard.logs import KEY, records, write


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


def test_a_line_that_calls_itself_keyed_is_no_better_for_it(tmp_path: Path) -> None:
    chain = Chain()
    chain.alg = "hmac-sha256"  # type: ignore[misc]
    line, _ = chain.link("{}", Head())
    (tmp_path / "x").write_bytes(line + b"\n")
    assert [b.what for b in verify([tmp_path / "x"], Chain()).breaks] == ["changed"]


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


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(noise=st.binary(max_size=2000), seed=st.integers(0, 2**32))
def test_any_bytes_are_broken_and_never_a_crash(tmp_path: Path, noise: bytes, seed: int) -> None:
    path = tmp_path / "audit.log"
    for old in tmp_path.iterdir():
        old.unlink()
    write(path, 1, 2, 3, chain=Chain(KEY))
    whole = path.read_bytes()
    at = random.Random(seed).randrange(len(whole) - 1)
    path.write_bytes(whole[:at] + noise + whole[at + 1 :])
    verdict = verify([path], Chain(KEY), sealed=True)
    assert verdict.whole is (whole == path.read_bytes())


def test_without_the_end_of_its_last_line_a_file_still_holds_every_record(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    write(path, 1, 2, 3, chain=Chain(KEY))
    whole = path.read_bytes()
    for cut, kept in ((1, True), (2, False)):
        path.write_bytes(whole[:-cut])
        assert verify([path], Chain(KEY), sealed=True).whole is kept


def test_hostile_files_are_read_without_keeping_them(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with path.open("wb") as stream:
        stream.write(b"[" * 100_000 + b"\n\xff\xfe\x00\n")
        stream.truncate(1024**3)  # a hole: one line of a gigabyte of NUL
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nlast")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from buckler.guard.audit.chain import Chain\n"
        "from buckler.guard.audit.verify import verify\n"
        "found = verify([Path(sys.argv[1])], Chain())\n"
        # Not getrusage: its peak counts what this process had before it became that program.
        "text = Path('/proc/self/status').read_text()\n"
        "print(found.records, int(text.split('VmHWM:')[1].split()[0]) // 1024)\n"
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


@pytest.mark.parametrize("how", ["all", "the end"])
def test_a_running_process_shows_what_was_taken_away_meanwhile(tmp_path: Path, how: str) -> None:
    path, note = tmp_path / "audit.log", tmp_path / ".audit.log.lock"
    sink = FileSink(path, chain=Chain(KEY))
    sink.write(records(1, 2))
    earlier = note.read_bytes()
    sink.write(records(3))
    if how == "all":
        path.unlink()
        note.unlink()
    else:
        path.write_bytes(b"".join(lines_of(path)[:2]))
        note.write_bytes(earlier)
    sink.write(records(4))
    sink.close()
    assert not verify([path], Chain(KEY)).whole

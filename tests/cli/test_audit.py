"""``buckler audit verify`` as a user types it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.guard import AuditRecord, Chain, EventKind, FileSink, SecurityEvent

Run = Callable[..., subprocess.CompletedProcess[str]]
KEY = "a key that is long enough for a chain"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of four records and a seal, in two files, with a key beside it."""
    path = tmp_path / "audit.log"
    file = FileSink(path, chain=Chain(KEY), rotate=900)
    for number in range(4):
        file.write([AuditRecord(SecurityEvent(kind=EventKind.FAILED, reason=f"r{number}"))])
    file.close()
    (tmp_path / "key").write_text(KEY + "\n")
    assert (tmp_path / "audit.log.1").exists()
    return path


def files(log: Path) -> list[str]:
    return sorted(str(p) for p in log.parent.glob("audit.log*"))


def test_a_whole_log(run: Run, log: Path) -> None:
    done = run("audit", "verify", *files(log), "--key-file", str(log.parent / "key"), "--sealed")
    assert done.returncode == 0, done.stderr
    assert "whole: 5 records, sealed" in done.stdout
    assert "last record 5, hash " in done.stdout


def test_a_changed_line_is_named(run: Run, log: Path) -> None:
    old = log.with_name("audit.log.1")
    old.write_text(old.read_text().replace('"reason":"r1"', '"reason":"rX"'))
    done = run("audit", "verify", *files(log), "--key-file", str(log.parent / "key"))
    assert done.returncode == 1
    assert f"{old}:2: changed: record 2 is not what was written" in done.stdout.replace("\n", " ")


def test_json_for_programs(run: Run, log: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-1]))
    command = ["audit", "verify", *files(log), "--key-file", str(log.parent / "key"), "--json"]
    assert json.loads(run(*command).stdout)["whole"] is True
    done = run(*command, "--sealed")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [b["what"] for b in found["breaks"]] == ["truncated"]
    assert (found["whole"], found["records"], found["sealed"]) == (False, 4, False)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["{folder}/none"],
        ["{log}", "--key-file", "{folder}/none"],
        ["{log}", "--key-file", "{folder}/short"],
        ["{log}", "--key-file", "{folder}/long"],
        ["{log}", "--start", "0"],
        ["{folder}"],
    ],
)
def test_usage(run: Run, log: Path, arguments: list[str]) -> None:
    (log.parent / "short").write_text("short")
    (log.parent / "long").write_text("x" * 10_000)
    filled = [a.format(log=log, folder=log.parent) for a in arguments]
    done = run("audit", "verify", *filled)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "xxxxx" not in done.stderr


def test_a_hostile_name_writes_nothing_into_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\nb"
    path.write_bytes(b"\xff\x00\n" + b"[" * 10_000 + b"\n")
    done = run("audit", "verify", str(path))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert done.stdout.count("changed") == 4


def test_help_names_it(run: Run) -> None:
    assert "Check the hash chain" in run("--help").stdout
    done = run("audit", "verify", "--help")
    assert "0 whole, 1 broken, 2 usage" in done.stdout

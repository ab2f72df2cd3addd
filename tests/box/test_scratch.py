"""Links and pipes that an application leaves in its folder: the scanner follows none of them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.core.report import Report
from buckler.scan.engines.app.child import Scratch
from buckler.scan.engines.app.session import Options

SECRET = "root:$6$kept-from-you"
MAIN = """
import os, sys
from fastapi import FastAPI
app = FastAPI()
scratch = os.path.dirname(os.environ["HOME"])
{attack}
print("a line for the log", flush=True)
@app.get("/a")
def a(q: str = "x"):
    return q
@app.get("/b")
def b(q: str = "x"):
    os._exit(3)
"""
REPLACED = """
for name in ("pycache", "output.log"):
    path = os.path.join(scratch, name)
    if not os.path.lexists(path + ".old"):
        if os.path.lexists(path):
            os.rename(path, path + ".old")
        else:
            open(path + ".old", "w").close()
        {make}
"""

Project = Callable[..., Path]
Scan = Callable[..., Report]


def scanned(project: Project, scan: Scan, make: str, **options: object) -> Report:
    folder = project({"main.py": MAIN.format(attack=REPLACED.format(make=make))})
    given = Options(**options)  # type: ignore[arg-type]
    return scan(folder, engines=("app", "attack"), options=given, python=sys.executable)


@pytest.mark.parametrize("walls", [{}, {"walls": ()}], ids=["kernel", "hooks"])
def test_a_link_for_the_log_is_not_written_through(
    project: Project, scan: Scan, tmp_path: Path, walls: dict[str, object]
) -> None:
    victim = tmp_path / "bashrc"
    victim.write_text("mine\n")
    scanned(project, scan, f"os.symlink({str(victim)!r}, path)", **walls)
    assert victim.read_text() == "mine\n"


def test_a_link_for_the_log_is_not_read_through(
    project: Project, scan: Scan, tmp_path: Path
) -> None:
    victim = tmp_path / "shadow"
    victim.write_text(SECRET)
    attack = f"os.symlink({str(victim)!r}, path)"
    folder = project({"main.py": MAIN.format(attack=REPLACED.format(make=attack) + "os._exit(4)")})
    report = scan(folder, engines=("app",), python=sys.executable)
    told = "".join(f"{gap.why}{gap.how_to_include}" for gap in report.coverage.gaps)
    assert report.failed
    assert SECRET not in told


def test_a_pipe_for_the_log_does_not_hang_the_scan(project: Project, scan: Scan) -> None:
    report = scanned(project, scan, "os.mkfifo(path)")
    assert report.coverage.requests > 0
    assert not report.failed


def test_the_log_lies_outside_of_what_the_child_gets() -> None:
    scratch = Scratch()
    try:
        os.write(scratch.log, b"hello")
        assert not scratch.private.is_relative_to(scratch.path)
        assert [p.name for p in scratch.path.iterdir() if p.is_file()] == []
        assert scratch.tail(3) == b"llo"
    finally:
        scratch.close()
    assert not scratch.path.exists()
    assert not scratch.private.exists()
    assert scratch.tail(3) == b""


def test_to_remove_it_touches_nothing_else(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "kept").write_text("x")
    scratch = Scratch()
    (scratch.path / "link").symlink_to(outside)
    (scratch.path / "home/file").symlink_to(outside / "kept")
    os.mkfifo(scratch.path / "pipe")
    deep = os.open(scratch.path, os.O_RDONLY)
    for _ in range(1500):  # deeper than the stack and than a path may be long
        os.mkdir("d" * 100, dir_fd=deep)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    (scratch.path / "home").chmod(0)
    mode = os.stat(tempfile.gettempdir()).st_mode
    scratch.path.chmod(0)
    scratch.close()
    assert not os.path.lexists(scratch.path)
    assert (outside.stat().st_mode & 0o777, (outside / "kept").read_text()) == (0o750, "x")
    assert os.stat(tempfile.gettempdir()).st_mode == mode

"""The user's own command, in a copy."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from buckler.core.errors import UsageError
from buckler.scan.fix.project_tests import ProjectTests


def test_a_command_passes_or_says_why(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("import shop; assert shop.X == 1, 'x is wrong'\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/shop.py").write_text("X = 1\n")
    tests = ProjectTests(f"{sys.executable} check.py", tmp_path)
    assert tests.run(tmp_path).passed
    (tmp_path / "src/shop.py").write_text("X = 2\n")
    ran = tests.run(tmp_path)
    assert not ran.passed
    assert "x is wrong" in ran.why


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    tests = ProjectTests(f"{sys.executable} -c pass; touch made", tmp_path)
    tests.run(tmp_path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("command", ["", "  ", "'open", "there-is-no-such-program"])
def test_what_is_no_command_is_told(command: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ProjectTests(command, tmp_path).run(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_tests_without_an_end_are_ended_with_what_they_started(tmp_path: Path) -> None:
    started = time.monotonic()
    ran = ProjectTests("sh -c 'sleep 30 & sleep 30'", tmp_path, seconds=0.2).run(tmp_path)
    assert not ran.passed
    assert "longer than" in ran.why
    assert time.monotonic() - started < 10

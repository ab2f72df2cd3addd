"""Where a word stands in a command line; the shell itself is the oracle."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.scan.languages.shell import script_of, starts_command

C = "bkzq00a1"


@pytest.mark.parametrize(
    "script",
    [
        f"ping a;{C}",
        f'ping "$({C})"',
        f"echo a\n{C}",
        f"a | {C}",
        f"echo `{C}`",
        f"'sample';{C};''",
        f"true && {C}",
    ],
)
def test_it_is_a_command(script: str) -> None:
    assert starts_command(script, C)
    assert shell_would_start(script)


@pytest.mark.parametrize(
    "script",
    [
        f"ping 'a;{C}'",
        f'echo "a;{C}"',
        f"echo '$({C})'",
        f"echo \\; {C}",
        f"echo {C}",
        f"echo 'a'\"'\"';{C}'",
    ],
)
def test_it_is_an_argument(script: str) -> None:
    assert not starts_command(script, C)
    assert not shell_would_start(script)


def shell_would_start(script: str) -> bool:
    """Ask the shell: it complains of a command that it cannot find."""
    shell = shutil.which("sh") or "/bin/sh"
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, check=False, env={"PATH": "/nowhere"}
    )
    return any(f"{C}:" in line and "not found" in line for line in done.stderr.splitlines())


@settings(max_examples=60)
@given(st.text(alphabet="a;|&$()`'\" \\\n", max_size=12))
def test_a_quoted_word_never_starts_one(before: str) -> None:
    assert not starts_command(f"echo {shlex.quote(before + C)}", C)


def test_the_script_of_a_shell() -> None:
    assert script_of(("/bin/sh", "-c", "echo a")) == "echo a"
    assert script_of(("bash", "-lc", "echo a")) == "echo a"
    assert script_of(("ls", "-c", "a")) is None

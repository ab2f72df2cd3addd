"""What each wall stops, judged from outside the box.

Here and as root the whole table. In other Pythons the hooks, which are Python's own; as an ordinary
user the kernel's walls. There the other one is tried with BUCKLER_EVERYTHING=1 by each attack,
else by every fourth.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from attacks import ATTACKS, Attack
from interpreters import everybody, others, with_packages
from world import MODES, NOBODY, world

PLAIN = [attack for attack in ATTACKS if not attack.needs]


def _rows(whole: tuple[str, ...], part: str) -> list[object]:
    """Every attack in some modes, and in one more mode every fourth."""
    some = PLAIN if os.environ.get("BUCKLER_EVERYTHING") else PLAIN[::4]
    return [
        pytest.param(attack, mode, id=f"{attack.name}-{mode}")
        for mode in (*whole, part)
        for attack in (some if mode == part else PLAIN)
    ]


def _judge(base: Path, attack: Attack, mode: str, python: str, user: int = 0) -> None:
    with world(base, user) as made:
        outcome = made.run(mode, attack.code, python)
    assert outcome.first, outcome.stderr
    if mode in ("kernel", "both"):
        assert all(
            outcome.first["walls"][wall] for wall in ("mounts", "network", "pid", "seccomp")
        ), outcome.first["why"]
    assert "No module named" not in outcome.last.get("error", ""), "the attack was not made"
    assert outcome.word == attack.expected(mode), (outcome.harm, outcome.last, outcome.stderr)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_table(tmp_path: Path, attack: Attack, mode: str) -> None:
    python = sys.executable
    if attack.needs:
        python = with_packages()
        if not python:
            pytest.skip(f"{attack.needs} could not be installed")
    _judge(tmp_path, attack, mode, python)


@pytest.mark.parametrize("python", others(), ids=lambda path: Path(path).parts[-3])
@pytest.mark.parametrize(("attack", "mode"), _rows(("hooks",), "both"))
def test_table_in_other_pythons(tmp_path: Path, attack: Attack, mode: str, python: str) -> None:
    _judge(tmp_path, attack, mode, python)


@pytest.mark.skipif(
    not everybody(),
    reason="only root can become an ordinary user, and needs a Python that one may run",
)
@pytest.mark.parametrize(("attack", "mode"), _rows(("kernel", "both", "degraded"), "hooks"))
def test_table_as_an_ordinary_user(open_path: Path, attack: Attack, mode: str) -> None:
    _judge(open_path, attack, mode, everybody(), NOBODY)

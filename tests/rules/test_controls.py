"""What a rule says of guard is there: the part that closes it, and the parts that its guide names."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

from buckler import guard
from buckler.core.registry import Registry
from buckler.core.rule import Rule

RULES = list(Registry.load("buckler.scan.rules"))
_DOTTED = re.compile(r"buckler\.(guard(?:\.\w+)+)")
_PARTS_BEFORE = re.compile(r"((?:``\w+[^`]*``(?:, | and | or )?)+) of ``buckler\.guard``")
_PARTS_BEHIND = re.compile(r"``buckler\.guard\.\w+``((?:(?:, | and | or )``\w+[^`]*``)+)")


def resolved(name: str) -> Any:
    """What ``guard.validate.sql`` names.

    Raises:
        AttributeError: There is no such thing.
    """
    found: Any = import_module("buckler")
    for part in name.split("."):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            inner = f"{found.__name__}.{part}"
            if hasattr(found, "__path__") and find_spec(inner) is not None:
                found = import_module(inner)
                continue
        found = getattr(found, part)
    return found


def named(rule: Rule) -> set[str]:
    """The parts of guard in a guide and in the code of its fix, by dotted name."""
    text = rule.guide + (f"{rule.fix.summary} {rule.fix.after}" if rule.fix else "")
    found = set(_DOTTED.findall(text))
    for pattern in (_PARTS_BEFORE, _PARTS_BEHIND):
        for match in pattern.finditer(text):
            found |= {f"guard.{name}" for name in re.findall(r"``(\w+)", match[1])}
    return found


@pytest.mark.parametrize("rule", [r for r in RULES if r.control], ids=lambda rule: rule.id)
def test_control_is_there(rule: Rule) -> None:
    assert rule.control.startswith("guard.")
    found = resolved(rule.control)
    assert getattr(found, "__doc__", None), f"{rule.control} says nothing of itself"


@pytest.mark.parametrize("rule", [r for r in RULES if named(r)], ids=lambda rule: rule.id)
def test_guide_names_what_is_there(rule: Rule) -> None:
    assert [name for name in named(rule) if resolved(name) is None] == []


@pytest.mark.parametrize(
    "rule",
    [r for r in RULES if r.control],
    ids=lambda rule: rule.id,
)
def test_guide_says_how_guard_closes_it(rule: Rule) -> None:
    assert "``buckler.guard" in rule.sections()["How to fix"]


def test_names_of_a_guide_are_read() -> None:
    class Named(Rule):
        """``buckler.guard.safe_client`` and ``Nothing`` judge. ``Gone(app)`` of ``buckler.guard`` does not."""

    assert named(Named()) == {"guard.safe_client", "guard.Nothing", "guard.Gone"}
    for name in ("guard.Nothing", "guard.nothing.Part", "guard.validate.sql.nothing"):
        with pytest.raises(AttributeError):
            resolved(name)
    assert resolved("guard.validate.sql").order_by
    assert resolved("guard.SafePath") is guard.SafePath

"""What a rule saw in one scan must not get into the next: rules keep nothing."""

from __future__ import annotations

import ast
import copy

import pytest

from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.scan.engines.interface import ChecksSource, Module

READERS = [rule for rule in Registry.load("buckler.scan.rules") if isinstance(rule, ChecksSource)]


@pytest.mark.parametrize("rule", READERS, ids=lambda rule: rule.id)
def test_reading_source_leaves_the_rule_as_it_was(rule: Rule) -> None:
    before = copy.deepcopy(vars(rule))
    for example in rule.bad:
        for path, text in example.sources().items():
            if path.endswith(".py"):
                module = Module(path, ast.parse(text), text.splitlines())
                list(rule.check_source(module))
    assert vars(rule) == before

"""At least 20 more payloads, all different, each with its own canary and only with that."""

from __future__ import annotations

import itertools

import pytest

from buckler.core.registry import Registry
from buckler.scan.engines.interface import Attacks, Canary, Slot
from buckler.scan.fix.variants import VARIANTS, widened

RULES = [rule for rule in Registry.load("buckler.scan.rules") if isinstance(rule, Attacks)]
SLOT = Slot("query", "q", {"type": "string"})


def mint():
    numbers = itertools.count()

    def new() -> Canary:
        word = f"bk{next(numbers):06d}"
        return Canary(word, f"{word}.example", "127.64.0.1", f"/tmp/plant/{word}")

    return new


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_sends_more(rule) -> None:
    wide, sent = widened(rule, ["query:q"])
    plain = list(rule.attack(SLOT, mint()))
    payloads = list(wide.attack(SLOT, mint()))
    if not plain:
        assert payloads == []
        return
    assert len(payloads) == len(plain) + VARIANTS
    assert len({p.canary.text for p in payloads}) == len(payloads)
    assert sent.amount("query:q") == len(payloads)
    for payload in payloads:
        words = {p.canary.text for p in payloads} - {payload.canary.text}
        value = payload.value if isinstance(payload.value, str) else payload.value.decode("latin-1")
        assert not any(word in value for word in words)


def test_other_slots_are_left_alone() -> None:
    rule = next(r for r in RULES if r.id == "INJ001")
    wide, sent = widened(rule, ["query:other"])
    assert len(list(wide.attack(SLOT, mint()))) == len(list(rule.attack(SLOT, mint())))
    assert sent.amount("query:q") == 0
    assert not wide.likes(SLOT)
    assert wide.likes(Slot("query", "other"))


def test_an_attack_that_was_cut_short_does_not_count() -> None:
    rule = next(r for r in RULES if r.id == "INJ001")
    wide, sent = widened(rule, ["query:q"])
    next(iter(wide.attack(SLOT, mint())))
    assert sent.amount("query:q") == 0


def test_the_rule_itself_stays_as_it_is() -> None:
    rule = next(r for r in RULES if r.id == "INJ001")
    before = rule.attack
    widened(rule, ["query:q"])
    assert rule.attack == before

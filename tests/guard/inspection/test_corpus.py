"""What is seen and what is left alone, of values that patterns were made with and of others that were held out.

The held-out ones, a third, are older than all patterns, and no pattern was changed for them. They come from the
same idea of an attack as the patterns do, so what strangers send is seen less well (docs/guard.md has figures).
"""

from __future__ import annotations

import pytest

from tests.guard.inspection.apps import judged
from tests.guard.inspection.corpus import lines

BOTH = pytest.mark.parametrize("query", [False, True], ids=["body", "query"])


@BOTH
def test_attacks_are_seen(query: bool) -> None:
    found = judged(lines("attacks"), query=query)
    assert len(found) > 300
    assert [(kind, value) for kind, value, seen in found if not seen] == []


@BOTH
def test_most_are_called_by_their_name(query: bool) -> None:
    found = judged(lines("attacks"), query=query)
    assert sum(kind in seen for kind, _, seen in found) >= 0.97 * len(found)


@BOTH
def test_ordinary_values_are_left_alone(query: bool) -> None:
    found = judged(lines("ordinary"), query=query)
    assert len(found) > 300
    assert [(value, seen) for _, value, seen in found if seen] == []


@BOTH
def test_attacks_that_were_held_out(query: bool) -> None:
    found = judged(lines("attacks_held_out"), query=query)
    assert len(found) > 150
    assert sum(bool(seen) for _, _, seen in found) >= 0.95 * len(found)


@BOTH
def test_ordinary_values_that_were_held_out(query: bool) -> None:
    found = judged(lines("ordinary_held_out"), query=query)
    assert len(found) > 150
    assert sum(bool(seen) for _, _, seen in found) <= 0.01 * len(found)

"""Values that show stars instead of themselves, until they are asked for: ``SecretStr``."""

from __future__ import annotations

from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.values import Taint, Value, bit, hole

MASKED = "masked"


def masked(value: Value) -> Value:
    """The value as a text of it shows it."""
    return value.mapped(lambda t: t.cleaned(bit(MASKED)))


def uncovered(value: Value) -> Value:
    """``secret.get_secret_value()``: itself again."""
    made = hole(derived(value, "str", "uncovered"), "str")
    shown, text = ~bit(MASKED), bit("nosql")
    return made.mapped(lambda t: Taint(t.token, t.clean & shown | text, t.step, t.tried))

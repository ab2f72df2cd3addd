"""How long a finding may stay open. Touches nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from buckler.watch.errors import RefusedError

DAY: Final = 86_400.0
DEFAULT: Final[Mapping[str, float]] = {"critical": 2, "high": 14, "medium": 60, "low": 180}
"""Days by severity; ``info`` has none."""
WARN_SHARE: Final = 0.2
"""Of the time that is left when the warning comes."""
LONGEST: Final = 3650


def due(severity: str, opened_at: float, own: Mapping[str, Any]) -> float | None:
    """When a finding has to be closed; None where nobody asks for it.

    Args:
        severity: Of the finding.
        opened_at: When it was opened, or opened again.
        own: Days by severity of its target, None for no end; what is not there is as everywhere.
    """
    days = own.get(severity, DEFAULT.get(severity))
    return None if days is None else opened_at + float(days) * DAY


def stage(now: float, opened_at: float, due_at: float) -> str:
    """How far it is: nothing, ``near`` or ``broken``."""
    if now >= due_at:
        return "broken"
    return "near" if due_at - now <= WARN_SHARE * (due_at - opened_at) else ""


def checked(own: Mapping[str, Any]) -> dict[str, float | None]:
    """The days that a target asks for.

    Raises:
        RefusedError: A severity or a number is none.
    """
    for severity, days in own.items():
        if severity not in (*DEFAULT, "info"):
            raise RefusedError(f"sla.{severity[:20]}: there is no such severity")
        number = isinstance(days, int | float) and not isinstance(days, bool)
        if days is not None and not (number and math.isfinite(days) and 0 < days <= LONGEST):
            raise RefusedError(f"sla.{severity}: days from above 0 to {LONGEST}, or null for none")
    return dict(own)

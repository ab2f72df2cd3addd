"""The parts of a target that two forms have: which rules run, and how long a finding may stay open."""

from __future__ import annotations

from typing import Any

from buckler.watch import sla
from buckler.watch.errors import RefusedError
from buckler.watch.web.viewer import Form


def rules_of(form: Form) -> dict[str, list[str]]:
    """``select`` and ``ignore``, those that are not empty."""
    found = {name: form.lines(name) for name in ("select", "ignore")}
    return {name: listed for name, listed in found.items() if listed}


def sla_of(form: Form) -> dict[str, float | None]:
    """Days by severity, where they differ from those of everywhere; ``none`` for no end.

    Raises:
        RefusedError: It is no number.
    """
    found: dict[str, float | None] = {}
    for severity, usual in sla.DEFAULT.items():
        text = form[f"sla_{severity}"].strip().lower()
        if not text:
            continue
        if text == "none":
            found[severity] = None
            continue
        try:
            days = float(text)
        except ValueError as error:
            raise RefusedError(f"sla.{severity}: a number of days, or none") from error
        if days != usual:
            found[severity] = days
    return found


def days_of(own: dict[str, Any]) -> dict[str, str]:
    """What the fields show of a target's days."""
    return {
        severity: "none" if days is None else f"{days:g}"
        for severity, days in ((s, own.get(s, usual)) for s, usual in sla.DEFAULT.items())
    }

"""Which alerts a channel wants, and when. Touches nothing."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from buckler.core.finding import Severity
from buckler.watch.alerts.kinds import KINDS
from buckler.watch.errors import RefusedError

NAMES: Final = ("kinds", "severity", "rules", "routes", "owners", "targets")
MOST: Final = 200
LONGEST_DIGEST: Final = 7 * 86_400.0


def checked(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters as they are kept.

    Args:
        filters: ``kinds``, ``rules``, ``routes``, ``owners`` and ``targets`` are lists, of which one has to fit;
            ``rules`` and ``routes`` may hold ``*``. ``severity`` is the least.

    Raises:
        RefusedError: There is no such filter, or it is not of that form.
    """
    for name, value in filters.items():
        if name not in NAMES:
            raise RefusedError(
                f"filters.{name[:40]}: there is no such filter", hint=", ".join(NAMES)
            )
        if name == "severity":
            if value not in list(Severity):
                raise RefusedError("filters.severity: there is no such severity")
            continue
        texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not texts or len(value) > MOST:
            raise RefusedError(f"filters.{name}: a list of texts")
        if name == "kinds" and not set(value) <= set(KINDS):
            raise RefusedError("filters.kinds: there is no such alert", hint=", ".join(KINDS))
    return dict(filters)


def wants(filters: Mapping[str, Any], alert: Mapping[str, Any]) -> bool:
    """Whether an alert passes.

    Args:
        filters: As :func:`checked` gave them.
        alert: ``kind``, ``severity``, ``rule``, ``route``, ``owner`` and ``target_id`` of it.
    """
    if "severity" in filters:
        if not Severity(alert["severity"]).at_least(Severity(filters["severity"])):
            return False
    exact = (("kinds", "kind"), ("owners", "owner"), ("targets", "target_id"))
    if any(filters.get(many) and alert[one] not in filters[many] for many, one in exact):
        return False
    return all(
        not filters.get(many) or any(fnmatch.fnmatchcase(alert[one], p) for p in filters[many])
        for many, one in (("rules", "rule"), ("routes", "route"))
    )


def checked_quiet(quiet: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Quiet hours as they are kept: ``{"from": "22:00", "to": "07:00", "zone": "Europe/Vienna"}``.

    Raises:
        RefusedError: They are not of that form.
    """
    if quiet is None:
        return None
    if set(quiet) - {"from", "to", "zone"}:
        raise RefusedError("quiet: from, to and zone")
    try:
        begins, ends = _minutes(quiet["from"]), _minutes(quiet["to"])
        ZoneInfo(quiet.get("zone", "UTC"))
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        ZoneInfoNotFoundError,
    ) as error:
        raise RefusedError(
            "quiet: a time or the zone is none", hint='{"from": "22:00", "to": "07:00"}'
        ) from error
    if begins == ends:
        raise RefusedError("quiet: it would never be quiet, or always")
    return {"from": quiet["from"], "to": quiet["to"], "zone": quiet.get("zone", "UTC")}


def after_quiet(quiet: Mapping[str, Any] | None, now: float) -> float:
    """When a message may be sent: now, or at the end of the quiet hours.

    Args:
        quiet: As :func:`checked_quiet` gave them.
        now: Seconds since 1970.
    """
    if not quiet:
        return now
    here = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(quiet["zone"]))
    begins, ends = _minutes(quiet["from"]), _minutes(quiet["to"])
    at = here.hour * 60 + here.minute
    inside = begins <= at < ends if begins < ends else at >= begins or at < ends
    if not inside:
        return now
    end = here.replace(hour=ends // 60, minute=ends % 60, second=0, microsecond=0)
    if end <= here:
        end += timedelta(days=1)
    return max(now, end.timestamp())


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (0 <= int(hours) < 24 and 0 <= int(minutes) < 60 and len(minutes) == 2):
        raise ValueError(text)
    return int(hours) * 60 + int(minutes)

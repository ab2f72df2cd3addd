"""What a detector found, and what a detector is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from buckler.guard.audit.events import SecurityEvent, Severity
from buckler.guard.audit.record import stamp
from buckler.notify.interface import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that people should look at now.

    Attributes:
        rule: Name of the detector.
        title: One sentence for people.
        severity: How much it matters.
        key: What it is about: an address, an account, a route.
        count: Events that it stands for.
        first: Time of the first of them, seconds since 1970.
        last: Time of the last.
        requests: Request ids of the latest, at most five: where to start looking.
    """

    rule: str
    title: str
    severity: Severity
    key: str
    count: int
    first: float
    last: float
    requests: tuple[str, ...] = ()

    def notification(self) -> Notification:
        """As channels take it."""
        fields: dict[str, str | int | float] = {
            "rule": self.rule,
            "key": self.key,
            "count": self.count,
            "first": stamp(self.first),
            "last": stamp(self.last),
        }
        if self.requests:
            fields["requests"] = ", ".join(self.requests)
        return Notification(
            title=self.title,
            level=self.severity.value,
            kind=f"alarm.{self.rule}",
            fields=fields,
            time=self.last,
        )


class Detector(Protocol):
    """Watches events one by one; called in one thread."""

    @property
    def name(self) -> str:
        """Stable; the rule of its alarms."""

    def see(self, event: SecurityEvent) -> Alarm | None:
        """What the event completes. Time is the event's own: no clock is read."""

"""What is watched for. Every bound is an option of :class:`Threshold`; :func:`defaults` gives the usual ones."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable

from buckler.guard.alarms.alarm import Alarm
from buckler.guard.alarms.windows import Windows
from buckler.guard.audit.events import EventKind, SecurityEvent, Severity
from buckler.guard.options import GuardError, count, positive

Key = Callable[[SecurityEvent], str]
Test = Callable[[SecurityEvent], bool]
Value = Callable[[SecurityEvent], object]
KEYS = 10_000
ADMIN = frozenset({"admin", "administrator", "superuser", "superadmin", "root", "owner"})
ACCOUNTS = ("account", "username", "user", "email", "login")


class Threshold:
    """Gives an alarm when something happens so often within a time.

    Args:
        name: Of the rule; stable.
        title: What to tell people; ``{key}`` stands for the key.
        test: Whether an event counts.
        key: What events are counted by; an event without one (an empty text) does not count.
        threshold: Events that are too many.
        window: Seconds.
        quiet: Seconds in which the same key gives no second alarm.
        severity: Of the alarm.
        distinct: Counts different values of this instead of events; an empty one does not count.
        keys: Keys to remember at once; those silent longest are forgotten first.

    Raises:
        GuardError: A bound is wrong.
    """

    def __init__(
        self,
        name: str,
        title: str,
        test: Test,
        key: Key,
        *,
        threshold: int = 1,
        window: float = 300,
        quiet: float = 900,
        severity: Severity = Severity.WARNING,
        distinct: Value | None = None,
        keys: int = KEYS,
    ) -> None:
        if quiet < 0:
            raise GuardError("quiet must not be negative")
        self.name = name
        self._title = title
        self._test = test
        self._key = key
        self._severity = Severity(severity)
        self._distinct = distinct
        self._number = itertools.count()
        self._windows = Windows(
            count(threshold, "threshold"), positive(window, "window"), quiet, count(keys, "keys")
        )

    def __repr__(self) -> str:
        return f"<Threshold {self.name}>"

    def see(self, event: SecurityEvent) -> Alarm | None:
        """Count an event; an alarm where it is one too many."""
        if not self._test(event):
            return None
        key = self._key(event)
        value = next(self._number) if self._distinct is None else self._distinct(event)
        if not key or value in {"", None}:
            return None
        found = self._windows.add(key, value, event.time, event.request_id)
        if found is None:
            return None
        alarm = Alarm(
            rule=self.name,
            title=self._title.replace("{key}", key),
            severity=self._severity,
            key=key,
            count=found.count,
            first=found.first,
            last=event.time,
            requests=tuple(found.requests),
        )
        found.count = 0
        found.requests.clear()
        return alarm


def of(*kinds: EventKind) -> Test:
    """Whether an event is of one of these kinds."""
    wanted = frozenset(kinds)
    return lambda event: event.kind in wanted


def address(event: SecurityEvent) -> str:
    """The caller's address; of IPv6 the /64, which one caller has whole (RFC 6177)."""
    try:
        found = ipaddress.ip_address(event.client)
    except ValueError:
        return event.client
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def account(event: SecurityEvent) -> str:
    """Who is signing in: the principal, else what detail calls so."""
    if event.principal:
        return event.principal
    found = (event.detail.get(name) for name in ACCOUNTS)
    return next((str(value) for value in found if value), "")


def route(event: SecurityEvent) -> str:
    """Method and route template."""
    return f"{event.method} {event.route}".strip()


def everything(_: SecurityEvent) -> str:
    """One key for all of the application."""
    return "application"


def is_new_admin(event: SecurityEvent) -> bool:
    """Whether somebody was given the rights of an administrator."""
    if event.kind is not EventKind.RIGHTS_CHANGED:
        return False
    given = (event.detail.get(name) for name in ("to", "role", "granted"))
    return any(str(value).strip().casefold() in ADMIN for value in given)


def subject(event: SecurityEvent) -> str:
    """Whose rights were changed."""
    for name in ("subject", *ACCOUNTS):
        if event.detail.get(name):
            return str(event.detail[name])
    return event.principal or "unknown"


def is_server_error(event: SecurityEvent) -> bool:
    """Whether the application failed, or answered 5xx."""
    return event.kind is EventKind.FAILED or event.status >= 500


FAILURES = (EventKind.SIGN_IN_FAILED, EventKind.TOKEN_REFUSED)


def defaults() -> tuple[Threshold, ...]:
    """Fresh detectors with the usual bounds, as docs/audit.md lists them."""
    return (
        Threshold(
            "failures_by_address",
            "Many failed sign-ins from {key}",
            of(*FAILURES),
            address,
            threshold=20,
        ),
        Threshold(
            "failures_by_account",
            "Many failed sign-ins as {key}",
            of(EventKind.SIGN_IN_FAILED),
            account,
            threshold=10,
            window=600,
        ),
        Threshold(
            "failures_by_route",
            "Many failed sign-ins at {key}",
            of(*FAILURES),
            route,
            threshold=200,
        ),
        Threshold(
            "spraying",
            "One address tries many accounts: {key}",
            of(EventKind.SIGN_IN_FAILED),
            address,
            threshold=8,
            window=1800,
            quiet=3600,
            severity=Severity.ALERT,
            distinct=account,
        ),
        Threshold(
            "token_reuse",
            "A token was used again: {key}",
            of(EventKind.TOKEN_REUSED),
            lambda event: event.principal or address(event) or "unknown",
            severity=Severity.ALERT,
        ),
        Threshold(
            "new_admin",
            "{key} became an administrator",
            is_new_admin,
            subject,
            quiet=0,
            severity=Severity.ALERT,
        ),
        Threshold(
            "refusals",
            "Many refusals for {key}",
            of(EventKind.ACCESS_REFUSED),
            lambda event: event.principal or address(event),
            threshold=30,
            window=60,
        ),
        Threshold(
            "attacks",
            "An attack from {key}",
            of(EventKind.ATTACK_SEEN),
            address,
            threshold=3,
            severity=Severity.ERROR,
        ),
        Threshold(
            "secret_answered",
            "An answer held a secret: {key}",
            of(EventKind.SECRET_ANSWERED),
            route,
            quiet=3600,
            severity=Severity.ALERT,
        ),
        Threshold(
            "server_errors",
            "The {key} fails often",
            is_server_error,
            everything,
            threshold=20,
            severity=Severity.ERROR,
        ),
    )

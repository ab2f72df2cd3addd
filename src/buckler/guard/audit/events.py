"""The security events of an application: one typed vocabulary for every part of guard.

Threat: an attack that nobody sees (CWE-778; ASVS 5.0 V16.3). The kinds name what happened, the fields
who, where and under which request, so that one line answers the question of the morning after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

Scalar = str | int | float | bool | None


class EventKind(StrEnum):
    """What happened."""

    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_LOCKED = "sign_in.locked"
    SIGNED_OUT = "sign_in.ended"
    TOKEN_ISSUED = "token.issued"
    TOKEN_REFUSED = "token.refused"
    TOKEN_REUSED = "token.reused"
    CONSENT_GIVEN = "access.granted"
    ACCESS_REFUSED = "access.refused"
    RIGHTS_CHANGED = "rights.changed"
    ACCOUNT_CHANGED = "account.changed"
    CREDENTIAL_CHANGED = "credential.changed"
    HOST_REFUSED = "request.host_refused"
    ORIGIN_REFUSED = "request.origin_refused"
    INPUT_REFUSED = "request.input_refused"
    LIMIT_EXCEEDED = "request.limit_exceeded"
    ATTACK_SEEN = "request.attack_seen"
    EGRESS_REFUSED = "egress.refused"
    SECRET_ANSWERED = "answer.secret"
    POLICY_VIOLATED = "browser.policy_violated"
    FAILED = "application.failed"
    CONFIGURATION = "application.configuration"


class Severity(StrEnum):
    """How much it matters by itself, in the words of syslog (RFC 5424, 6.2.1)."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    ALERT = "alert"


SEVERITIES: Mapping[EventKind, Severity] = {
    EventKind.SIGN_IN_SUCCEEDED: Severity.INFO,
    EventKind.SIGN_IN_FAILED: Severity.NOTICE,
    EventKind.SIGN_IN_LOCKED: Severity.WARNING,
    EventKind.SIGNED_OUT: Severity.INFO,
    EventKind.TOKEN_ISSUED: Severity.INFO,
    EventKind.TOKEN_REFUSED: Severity.NOTICE,
    EventKind.TOKEN_REUSED: Severity.ALERT,
    EventKind.CONSENT_GIVEN: Severity.INFO,
    EventKind.ACCESS_REFUSED: Severity.NOTICE,
    EventKind.RIGHTS_CHANGED: Severity.WARNING,
    EventKind.ACCOUNT_CHANGED: Severity.NOTICE,
    EventKind.CREDENTIAL_CHANGED: Severity.NOTICE,
    EventKind.HOST_REFUSED: Severity.NOTICE,
    EventKind.ORIGIN_REFUSED: Severity.WARNING,
    EventKind.INPUT_REFUSED: Severity.NOTICE,
    EventKind.LIMIT_EXCEEDED: Severity.NOTICE,
    EventKind.ATTACK_SEEN: Severity.WARNING,
    EventKind.EGRESS_REFUSED: Severity.WARNING,
    EventKind.SECRET_ANSWERED: Severity.ALERT,
    EventKind.POLICY_VIOLATED: Severity.NOTICE,
    EventKind.FAILED: Severity.ERROR,
    EventKind.CONFIGURATION: Severity.WARNING,
}
"""What a kind weighs where the event does not say otherwise."""

AT_WILL: Final = frozenset(
    {
        EventKind.SIGN_IN_FAILED,
        EventKind.SIGN_IN_LOCKED,
        EventKind.TOKEN_REFUSED,
        EventKind.ACCESS_REFUSED,
        EventKind.HOST_REFUSED,
        EventKind.ORIGIN_REFUSED,
        EventKind.INPUT_REFUSED,
        EventKind.LIMIT_EXCEEDED,
        EventKind.ATTACK_SEEN,
        EventKind.EGRESS_REFUSED,
        EventKind.POLICY_VIOLATED,
        EventKind.FAILED,
    }
)
"""Kinds of which a stranger makes as many as they like, only by asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """One thing that happened.

    Attributes:
        kind: Of :class:`EventKind`.
        reason: A stable word for why, e.g. ``rate``, ``body_size``, ``unknown_host``.
        message: One sentence for people; no input of the caller's.
        severity: Else what the kind weighs.
        time: Seconds since 1970, UTC.
        request_id: Of the request at hand; the incident's number where an answer shows it.
        method: Of the request.
        route: Its template, never the raw path.
        client: Address of the caller.
        principal: Who was signed in.
        status: Of the answer.
        detail: More, by name, copied where it is a plain dict; redacted by name and shape before it is written.
    """

    kind: EventKind
    reason: str = ""
    message: str = ""
    severity: Severity | None = None
    time: float = field(default_factory=time.time)
    request_id: str = ""
    method: str = ""
    route: str = ""
    client: str = ""
    principal: str = ""
    status: int = 0
    detail: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity is None:
            object.__setattr__(self, "severity", SEVERITIES[self.kind])
        # A copy: what a listener writes into it is not to be in the next event of the same refusal. Of
        # somebody's own mapping none: that may fail, which is for who reads it to tell.
        if type(self.detail) is dict:
            object.__setattr__(self, "detail", self.detail.copy())


Listener = Callable[[SecurityEvent], None]
"""Takes an event and comes back at once; what it does with it may not block."""

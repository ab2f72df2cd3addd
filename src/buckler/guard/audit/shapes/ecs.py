"""The Elastic Common Schema, written as Elastic's own loggers write it.

Source: ECS 8.11 field reference (event.kind, event.category, event.type and their allowed
combinations); ecs-logging specification (``@timestamp``, ``log.level`` and ``message`` come first,
``ecs.version`` is not nested). What ECS has no field for goes to ``labels``, whose values are texts.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from buckler.guard.audit.events import EventKind, Severity
from buckler.guard.audit.record import AuditRecord, stamp

VERSION: Final = "8.11.0"
LEVELS: Final = {
    Severity.INFO: ("info", 6),
    Severity.NOTICE: ("notice", 5),
    Severity.WARNING: ("warning", 4),
    Severity.ERROR: ("error", 3),
    Severity.ALERT: ("alert", 1),
}
# Categories, types, outcome.
_MEANS: Final[dict[EventKind, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    EventKind.SIGN_IN_SUCCEEDED: (("authentication",), ("start",), "success"),
    EventKind.SIGN_IN_FAILED: (("authentication",), ("start",), "failure"),
    EventKind.SIGN_IN_LOCKED: (("authentication",), ("info",), "failure"),
    EventKind.SIGNED_OUT: (("authentication",), ("end",), "success"),
    EventKind.TOKEN_ISSUED: (("authentication",), ("info",), "success"),
    EventKind.TOKEN_REFUSED: (("authentication",), ("info",), "failure"),
    EventKind.TOKEN_REUSED: (("authentication", "intrusion_detection"), ("info",), "failure"),
    EventKind.CONSENT_GIVEN: (("iam",), ("user", "change"), "success"),
    EventKind.ACCESS_REFUSED: (("web", "network"), ("access", "denied"), "failure"),
    EventKind.RIGHTS_CHANGED: (("iam",), ("user", "change"), "success"),
    EventKind.ACCOUNT_CHANGED: (("iam",), ("user", "change"), "success"),
    EventKind.CREDENTIAL_CHANGED: (("iam",), ("user", "change"), "success"),
    EventKind.HOST_REFUSED: (("web", "network"), ("access", "denied"), "failure"),
    EventKind.ORIGIN_REFUSED: (("web", "network"), ("access", "denied"), "failure"),
    EventKind.INPUT_REFUSED: (("web", "network"), ("access", "denied"), "failure"),
    EventKind.LIMIT_EXCEEDED: (("web", "network"), ("access", "denied"), "failure"),
    EventKind.ATTACK_SEEN: (("web", "intrusion_detection"), ("info",), "failure"),
    EventKind.EGRESS_REFUSED: (("network",), ("connection", "denied"), "failure"),
    EventKind.SECRET_ANSWERED: (("web", "intrusion_detection"), ("info",), "success"),
    EventKind.POLICY_VIOLATED: (("web",), ("info",), "unknown"),
    EventKind.FAILED: (("web",), ("error",), "failure"),
    EventKind.CONFIGURATION: (("configuration",), ("info",), "unknown"),
}
ALERTS: Final = frozenset(
    {EventKind.TOKEN_REUSED, EventKind.ATTACK_SEEN, EventKind.SECRET_ANSWERED}
)


def shape(record: AuditRecord) -> dict[str, Any]:
    """One document."""
    event = record.event
    level, number = LEVELS[event.severity or Severity.INFO]
    categories, types, outcome = _MEANS[event.kind]
    about: dict[str, Any] = {
        "kind": "alert" if event.kind in ALERTS else "event",
        "category": list(categories),
        "type": list(types),
        "action": str(event.kind),
        "outcome": outcome,
        "severity": number,
        "module": "buckler",
        "dataset": "buckler.guard",
    }
    if event.reason:
        about["reason"] = event.reason
    found: dict[str, Any] = {
        "@timestamp": stamp(event.time),
        "log.level": level,
        "message": event.message or str(event.kind),
        "ecs.version": VERSION,
        "event": about,
        "log": {"logger": "buckler.guard"},
    }
    http: dict[str, Any] = {}
    if event.method:
        http["request"] = {"method": event.method}
    if event.request_id:
        http.setdefault("request", {})["id"] = event.request_id
    if event.status:
        http["response"] = {"status_code": event.status}
    if http:
        found["http"] = http
    if event.client:
        found["source"] = {"address": event.client}
        if _is_address(event.client):
            found["source"]["ip"] = event.client
    if event.principal:
        found["user"] = {"name": event.principal}
    labels = {f"detail_{name}": _text(value) for name, value in event.detail.items()}
    if event.route:
        labels["route"] = event.route
    if record.dropped:
        labels["dropped"] = str(record.dropped)
    if labels:
        found["labels"] = labels
    return found


def _text(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _is_address(client: str) -> bool:
    try:
        ipaddress.ip_address(client)
    except ValueError:
        return False
    return True

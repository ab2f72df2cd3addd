"""The Open Cybersecurity Schema Framework, version 1.5.0.

Sign-in and tokens are Authentication (3002), changed rights Authorize Session (3003), what points at
an attack or a weak set-up a Detection Finding (2004), every other request HTTP Activity (4002).
Source: schema.ocsf.io, classes of that number; ``type_uid`` is ``class_uid * 100 + activity_id``.
"""

from __future__ import annotations

from typing import Any, Final

from buckler import __version__
from buckler.guard.audit.events import EventKind, SecurityEvent, Severity
from buckler.guard.audit.record import AuditRecord, millis

VERSION: Final = "1.5.0"
SEVERITY: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.NOTICE: (2, "Low"),
    Severity.WARNING: (3, "Medium"),
    Severity.ERROR: (4, "High"),
    Severity.ALERT: (5, "Critical"),
}
_AUTHENTICATION, _AUTHORIZE, _FINDING, _HTTP = 3002, 3003, 2004, 4002
_CATEGORY: Final = {
    _AUTHENTICATION: (3, "Identity & Access Management", "Authentication"),
    _AUTHORIZE: (3, "Identity & Access Management", "Authorize Session"),
    _FINDING: (2, "Findings", "Detection Finding"),
    _HTTP: (4, "Network Activity", "HTTP Activity"),
}
_CLASS: Final = {
    EventKind.SIGN_IN_SUCCEEDED: _AUTHENTICATION,
    EventKind.SIGN_IN_FAILED: _AUTHENTICATION,
    EventKind.SIGN_IN_LOCKED: _AUTHENTICATION,
    EventKind.SIGNED_OUT: _AUTHENTICATION,
    EventKind.TOKEN_ISSUED: _AUTHENTICATION,
    EventKind.TOKEN_REFUSED: _AUTHENTICATION,
    EventKind.CONSENT_GIVEN: _AUTHORIZE,
    EventKind.RIGHTS_CHANGED: _AUTHORIZE,
    EventKind.TOKEN_REUSED: _FINDING,
    EventKind.ATTACK_SEEN: _FINDING,
    EventKind.EGRESS_REFUSED: _FINDING,
    EventKind.SECRET_ANSWERED: _FINDING,
    EventKind.POLICY_VIOLATED: _FINDING,
    EventKind.CONFIGURATION: _FINDING,
}
_METHODS: Final = {
    "CONNECT": 1,
    "DELETE": 2,
    "GET": 3,
    "HEAD": 4,
    "OPTIONS": 5,
    "POST": 6,
    "PUT": 7,
    "TRACE": 8,
    "PATCH": 9,
}
_GOOD: Final = frozenset(
    {EventKind.SIGN_IN_SUCCEEDED, EventKind.SIGNED_OUT, EventKind.TOKEN_ISSUED}
)
_OTHER: Final = 99
_SUCCESS, _FAILURE = (1, "Success"), (2, "Failure")


def shape(record: AuditRecord) -> dict[str, Any]:
    """One event of the class that suits its kind."""
    event = record.event
    class_uid = _CLASS.get(event.kind, _HTTP)
    category_uid, category, class_name = _CATEGORY[class_uid]
    severity_id, severity = SEVERITY[event.severity or Severity.INFO]
    activity_id, activity, own = _OF[class_uid](event)
    found: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": category_uid,
        "category_name": category,
        "class_uid": class_uid,
        "class_name": class_name,
        "type_uid": class_uid * 100 + activity_id,
        "type_name": f"{class_name}: {activity}",
        "severity_id": severity_id,
        "severity": severity,
        "time": millis(event.time),
        "message": event.message or str(event.kind),
        "metadata": _metadata(event),
        **own,
    }
    unmapped: dict[str, Any] = dict(event.detail)
    if event.route and class_uid != _HTTP:
        unmapped["route"] = event.route
    if record.dropped:
        unmapped["dropped"] = record.dropped
    if unmapped:
        found["unmapped"] = unmapped
    return found


def _metadata(event: SecurityEvent) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": VERSION,
        "product": {"name": "guard", "vendor_name": "Buckler", "version": __version__},
        "event_code": str(event.kind),
        "log_name": "buckler.guard",
    }
    if event.request_id:
        found["correlation_uid"] = event.request_id
    return found


def _authentication(event: SecurityEvent) -> tuple[int, str, dict[str, Any]]:
    activity = (2, "Logoff") if event.kind is EventKind.SIGNED_OUT else (1, "Logon")
    if event.kind is EventKind.TOKEN_REFUSED:
        activity = (_OTHER, "Token refused")
    if event.kind is EventKind.TOKEN_ISSUED:
        activity = (_OTHER, "Token issued")
    good = event.kind in _GOOD
    own = {
        "user": _user(event.principal),
        "service": {"name": "guard"},
        "is_remote": True,
        **_status(event, _SUCCESS if good else _FAILURE),
        **_source(event),
        **_request(event),
    }
    return *activity, own


def _authorize(event: SecurityEvent) -> tuple[int, str, dict[str, Any]]:
    whom = event.detail.get("subject") or event.detail.get("user") or event.principal
    to = event.detail.get("to") or event.detail.get("role") or event.reason or "unknown"
    own: dict[str, Any] = {
        "user": _user(str(whom)),
        "privileges": [str(to)],
        **_status(event, _SUCCESS),
    }
    if event.principal:
        own["actor"] = {"user": _user(event.principal)}
    return 1, "Assign Privileges", own


def _finding(event: SecurityEvent) -> tuple[int, str, dict[str, Any]]:
    time = millis(event.time)
    evidence = {
        "client": event.client,
        "principal": event.principal,
        "method": event.method,
        "route": event.route,
        "status": event.status,
    }
    own: dict[str, Any] = {
        "finding_info": {
            "uid": f"{event.kind}:{event.reason}:{event.request_id or time}",
            "title": event.message or str(event.kind),
            "types": [str(event.kind)],
            "created_time": time,
            "first_seen_time": time,
            "last_seen_time": time,
        },
        "status_id": 1,
        "status": "New",
        "evidences": [{"data": {name: value for name, value in evidence.items() if value}}],
    }
    if event.reason:
        own["status_detail"] = event.reason
    return 1, "Create", own


def _http(event: SecurityEvent) -> tuple[int, str, dict[str, Any]]:
    known = _METHODS.get(event.method)
    activity = (known, event.method.capitalize()) if known else (_OTHER, "Other")
    own = {
        **_status(event, _FAILURE),
        **_source(event),
        **_request(event),
        "dst_endpoint": {"svc_name": "guard"},
    }
    own.setdefault("http_request", {"http_method": event.method or "UNKNOWN"})
    if event.status:
        own["http_response"] = {"code": event.status}
    if event.principal:
        own["actor"] = {"user": _user(event.principal)}
    return *activity, own


def _status(event: SecurityEvent, status: tuple[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"status_id": status[0], "status": status[1]}
    if event.reason:
        found["status_detail"] = event.reason
    if event.status:
        found["status_code"] = str(event.status)
    return found


def _user(name: str) -> dict[str, Any]:
    return {"name": name or "unknown", "type_id": 0, "type": "Unknown"}


def _source(event: SecurityEvent) -> dict[str, Any]:
    return {"src_endpoint": {"ip": event.client}} if event.client else {}


def _request(event: SecurityEvent) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if event.method:
        found["http_method"] = event.method
    if event.request_id:
        found["uid"] = event.request_id
    if event.route:
        found["url"] = {"path": event.route}
    return {"http_request": found} if found else {}


_OF: Final = {
    _AUTHENTICATION: _authentication,
    _AUTHORIZE: _authorize,
    _FINDING: _finding,
    _HTTP: _http,
}

"""Our own shape: the fields of :class:`~buckler.guard.SecurityEvent`, without those that are empty."""

from __future__ import annotations

from typing import Any

from buckler.guard.audit.record import AuditRecord, stamp


def shape(record: AuditRecord) -> dict[str, Any]:
    """``time`` is RFC 3339 in UTC; ``dropped`` counts events that were lost before this one."""
    event = record.event
    fields = {
        "time": stamp(event.time),
        "kind": str(event.kind),
        "severity": str(event.severity),
        "reason": event.reason,
        "message": event.message,
        "request_id": event.request_id,
        "method": event.method,
        "route": event.route,
        "client": event.client,
        "principal": event.principal,
        "status": event.status,
        "detail": dict(event.detail),
        "dropped": record.dropped,
    }
    return {name: value for name, value in fields.items() if value}

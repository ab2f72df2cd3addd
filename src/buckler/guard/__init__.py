"""The library that closes the holes: a layer around the application, and every part of it alone.

Names are imported when they are asked for, so that one part costs nothing of the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buckler.guard.alarms.alarm import Alarm
    from buckler.guard.alarms.alarms import Alarms
    from buckler.guard.alarms.detectors import Threshold
    from buckler.guard.alone import (
        AttackInspection,
        BodyLimit,
        CrossOrigin,
        CsrfProtection,
        HttpsOnly,
        RateLimit,
        SecurityHeaders,
        TimeLimit,
        TrustedHosts,
        WebSocketBounds,
    )
    from buckler.guard.audit.audit import Audit
    from buckler.guard.audit.chain import Chain
    from buckler.guard.audit.events import Kind, SecurityEvent, Severity
    from buckler.guard.audit.file import File
    from buckler.guard.audit.http import Http
    from buckler.guard.audit.memory import Memory
    from buckler.guard.audit.otel import OpenTelemetry
    from buckler.guard.audit.record import Record
    from buckler.guard.audit.stdout import Stdout
    from buckler.guard.audit.syslog import Syslog
    from buckler.guard.egress import (
        AsyncSafeTransport,
        EgressPolicy,
        EgressRefused,
        SafeTransport,
        async_safe_client,
        safe_client,
    )
    from buckler.guard.errors.handlers import ProblemDetails
    from buckler.guard.guard import Guard
    from buckler.guard.headers.clear_site_data import clear_site_data
    from buckler.guard.headers.content_security_policy import NONCE, ContentSecurityPolicy
    from buckler.guard.headers.policy import HeaderPolicy
    from buckler.guard.headers.reports import Reports
    from buckler.guard.inbound import csp_nonce, identify, request_id
    from buckler.guard.inspection.inspection import Inspection
    from buckler.guard.inspection.sign import Attack
    from buckler.guard.limits.cors import Cors
    from buckler.guard.limits.csrf import Csrf, FormToken
    from buckler.guard.limits.memory import MemoryStore
    from buckler.guard.limits.rate import Rate
    from buckler.guard.limits.redis import RedisStore
    from buckler.guard.limits.websocket import WebSocketLimits
    from buckler.guard.options import GuardError
    from buckler.guard.policy import Policy, RoutePolicy, with_policy
    from buckler.guard.response_check.judging import AnswerError
    from buckler.guard.validate import (
        Identifier,
        Money,
        Page,
        PageSize,
        PlainText,
        PublicUrl,
        RelativeUrl,
        SafeFilename,
        SafeHtml,
        SafePath,
        SortField,
        StrictModel,
        Upload,
    )

_PLACES = {
    "AsyncSafeTransport": "egress",
    "EgressPolicy": "egress",
    "EgressRefused": "egress",
    "SafeTransport": "egress",
    "async_safe_client": "egress",
    "safe_client": "egress",
    "Identifier": "validate",
    "Money": "validate",
    "Page": "validate",
    "PageSize": "validate",
    "PlainText": "validate",
    "PublicUrl": "validate",
    "RelativeUrl": "validate",
    "SafeFilename": "validate",
    "SafeHtml": "validate",
    "SafePath": "validate",
    "SortField": "validate",
    "StrictModel": "validate",
    "Upload": "validate",
    "RedisStore": "limits.redis",
    "identify": "inbound",
    "Reports": "headers.reports",
    "AnswerError": "response_check.judging",
    "clear_site_data": "headers.clear_site_data",
    "WebSocketBounds": "alone",
    "AttackInspection": "alone",
    "Attack": "inspection.sign",
    "Inspection": "inspection.inspection",
    "TrustedHosts": "alone",
    "TimeLimit": "alone",
    "SecurityHeaders": "alone",
    "RateLimit": "alone",
    "HttpsOnly": "alone",
    "CsrfProtection": "alone",
    "CrossOrigin": "alone",
    "BodyLimit": "alone",
    "Guard": "guard",
    "GuardError": "options",
    "Policy": "policy",
    "RoutePolicy": "policy",
    "with_policy": "policy",
    "HeaderPolicy": "headers.policy",
    "ContentSecurityPolicy": "headers.content_security_policy",
    "NONCE": "headers.content_security_policy",
    "csp_nonce": "inbound",
    "request_id": "inbound",
    "Cors": "limits.cors",
    "Csrf": "limits.csrf",
    "FormToken": "limits.csrf",
    "MemoryStore": "limits.memory",
    "Rate": "limits.rate",
    "WebSocketLimits": "limits.websocket",
    "ProblemDetails": "errors.handlers",
    "Alarm": "alarms.alarm",
    "Alarms": "alarms.alarms",
    "Threshold": "alarms.detectors",
    "Audit": "audit.audit",
    "Chain": "audit.chain",
    "File": "audit.file",
    "Http": "audit.http",
    "Memory": "audit.memory",
    "OpenTelemetry": "audit.otel",
    "Record": "audit.record",
    "Stdout": "audit.stdout",
    "Syslog": "audit.syslog",
    "Kind": "audit.events",
    "SecurityEvent": "audit.events",
    "Severity": "audit.events",
}
__all__ = [
    "NONCE",
    "Alarm",
    "Alarms",
    "AnswerError",
    "AsyncSafeTransport",
    "Attack",
    "AttackInspection",
    "Audit",
    "BodyLimit",
    "Chain",
    "ContentSecurityPolicy",
    "Cors",
    "CrossOrigin",
    "Csrf",
    "CsrfProtection",
    "EgressPolicy",
    "EgressRefused",
    "File",
    "FormToken",
    "Guard",
    "GuardError",
    "HeaderPolicy",
    "Http",
    "HttpsOnly",
    "Identifier",
    "Inspection",
    "Kind",
    "Memory",
    "MemoryStore",
    "Money",
    "OpenTelemetry",
    "Page",
    "PageSize",
    "PlainText",
    "Policy",
    "ProblemDetails",
    "PublicUrl",
    "Rate",
    "RateLimit",
    "Record",
    "RedisStore",
    "RelativeUrl",
    "Reports",
    "RoutePolicy",
    "SafeFilename",
    "SafeHtml",
    "SafePath",
    "SafeTransport",
    "SecurityEvent",
    "SecurityHeaders",
    "Severity",
    "SortField",
    "Stdout",
    "StrictModel",
    "Syslog",
    "Threshold",
    "TimeLimit",
    "TrustedHosts",
    "Upload",
    "WebSocketBounds",
    "WebSocketLimits",
    "async_safe_client",
    "clear_site_data",
    "csp_nonce",
    "identify",
    "request_id",
    "safe_client",
    "with_policy",
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value

"""ECS and OCSF, checked against what others made of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import ecs_logging
import pytest
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
from py_ocsf_models.objects.metadata import Metadata

from buckler.guard import AuditRecord, EventKind, GuardError, SecurityEvent, Severity
from buckler.guard.audit.shapes import line, shape_of

NOW = datetime(2026, 2, 3, 4, 5, 6, 789000, UTC)


def event(kind: EventKind, **fields: Any) -> SecurityEvent:
    given: dict[str, Any] = {
        "kind": kind,
        "reason": "rate",
        "message": "Too many",
        "time": NOW.timestamp(),
        "request_id": "r-1",
        "method": "POST",
        "route": "/orders/{id}",
        "client": "203.0.113.9",
        "principal": "alice",
        "status": 429,
        "detail": {"limit": 5, "ok": True, "role": "admin"},
    }
    return SecurityEvent(**{**given, **fields})


def shaped(name: str, record: AuditRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line(shape_of(name), record))  # type: ignore[arg-type]
    return found


def test_our_own_shape() -> None:
    assert shaped("json", AuditRecord(event(EventKind.LIMIT_EXCEEDED), 3)) == {
        "time": "2026-02-03T04:05:06.789000Z",
        "kind": "request.limit_exceeded",
        "severity": "notice",
        "reason": "rate",
        "message": "Too many",
        "request_id": "r-1",
        "method": "POST",
        "route": "/orders/{id}",
        "client": "203.0.113.9",
        "principal": "alice",
        "status": 429,
        "detail": {"limit": 5, "ok": True, "role": "admin"},
        "dropped": 3,
    }


@pytest.mark.parametrize("seconds", [1e30, -1e30, 0.0, -62135596800])
@pytest.mark.parametrize("name", ["json", "ecs", "ocsf"])
def test_any_time_has_a_name(name: str, seconds: float) -> None:
    assert shaped(name, AuditRecord(event(EventKind.FAILED, time=seconds)))


def flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{above}{key}"
        found |= flat(item, f"{name}.") if isinstance(item, Mapping) else {name: item}
    return found


# ECS 8.11, field reference: name and type.
ECS_FIELDS = {
    "@timestamp": str,
    "ecs.version": str,
    "event.action": str,
    "event.category": list,
    "event.dataset": str,
    "event.kind": str,
    "event.module": str,
    "event.outcome": str,
    "event.reason": str,
    "event.severity": int,
    "event.type": list,
    "http.request.id": str,
    "http.request.method": str,
    "http.response.status_code": int,
    "log.level": str,
    "log.logger": str,
    "message": str,
    "source.address": str,
    "source.ip": str,
    "user.name": str,
}
# ECS 8.11, "ECS Categorization Field: event.category", expected event types.
ECS_TYPES = {
    "authentication": {"start", "end", "info"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "intrusion_detection": {"allowed", "denied", "info"},
    "network": {
        *("access", "allowed", "connection", "denied", "end", "info", "protocol", "start"),
    },
    "web": {"access", "error", "info"},
}


@pytest.mark.parametrize("kind", EventKind)
def test_ecs_uses_its_fields_and_its_words(kind: EventKind) -> None:
    found = shaped("ecs", AuditRecord(event(kind), 2))
    fields = flat(found)
    labels = {name: fields.pop(name) for name in list(fields) if name.startswith("labels.")}
    assert {name: type(value) for name, value in fields.items()} == {
        name: ECS_FIELDS[name] for name in fields
    }
    assert fields["event.kind"] in {"alert", "event"}
    assert fields["event.outcome"] in {"success", "failure", "unknown"}
    categories, types = fields["event.category"], set(fields["event.type"])
    assert types <= set().union(*(ECS_TYPES[category] for category in categories))
    assert all(ECS_TYPES[category] & types for category in categories)
    assert labels == {
        "labels.detail_limit": "5",
        "labels.detail_ok": "true",
        "labels.detail_role": "admin",
        "labels.route": "/orders/{id}",
        "labels.dropped": "2",
    }
    assert not any("." in name for name in found["labels"])


def test_ecs_is_what_elastics_own_logger_writes() -> None:
    """The fields given to it, flat, come out of it in the form that ours have."""
    text = line(shape_of("ecs"), AuditRecord(event(EventKind.FAILED)))
    ours = json.loads(text)
    extra = {
        name: value
        for name, value in flat(ours).items()
        if name not in {"@timestamp", "log.level", "log.logger", "message", "ecs.version"}
    }
    record = logging.LogRecord("buckler.guard", logging.ERROR, "f", 1, "Too many", (), None)
    record.created, record.msecs = NOW.timestamp(), 789
    record.__dict__.update(extra)
    formatter = ecs_logging.StdlibFormatter(
        exclude_fields=["process", "log.origin", "log.original"]
    )
    theirs = formatter.format(record)
    wanted = json.loads(theirs)
    assert datetime.fromisoformat(ours.pop("@timestamp")) == datetime.fromisoformat(
        wanted.pop("@timestamp")
    )
    assert wanted.pop("ecs.version") == "1.6.0"
    assert ours.pop("ecs.version") == "8.11.0"
    assert ours == wanted
    names = ["@timestamp", "log.level", "message"]
    assert list(json.loads(text))[:3] == list(json.loads(theirs))[:3] == names


def test_ecs_has_no_address_that_is_none() -> None:
    found = shaped("ecs", AuditRecord(event(EventKind.FAILED, client="unix:")))
    assert found["source"] == {"address": "unix:"}


FINDINGS = {
    EventKind.TOKEN_REUSED,
    EventKind.ATTACK_SEEN,
    EventKind.EGRESS_REFUSED,
    EventKind.SECRET_ANSWERED,
    EventKind.POLICY_VIOLATED,
    EventKind.CONFIGURATION,
}
# OCSF 1.5.0: classes, and what each requires beside the base event.
CLASSES = {
    3002: (3, {"user", "service"}),
    3003: (3, {"user"}),
    4002: (4, {"http_request"}),
    2004: (2, {"finding_info"}),
}
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("empty", [False, True])
def test_ocsf_has_what_each_class_requires(kind: EventKind, empty: bool) -> None:
    bare = {"request_id": "", "method": "", "route": "", "client": "", "principal": "", "status": 0}
    bare |= {"detail": {}, "reason": "", "message": ""}
    found = shaped("ocsf", AuditRecord(event(kind, **(bare if empty else {}))))
    category, required = CLASSES[found["class_uid"]]
    assert found["category_uid"] == category
    assert BASE | required <= set(found)
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    assert found["time"] == 1770091506789
    assert found["severity_id"] in {1, 2, 3, 4, 5}
    assert Metadata.model_validate(found["metadata"]).version == "1.5.0"
    assert (found["class_uid"] == 2004) is (kind in FINDINGS)


@pytest.mark.parametrize("kind", sorted(FINDINGS))
def test_ocsf_findings_are_those_of_its_models(kind: EventKind) -> None:
    found = shaped("ocsf", AuditRecord(event(kind), 1))
    model = DetectionFinding.model_validate(found)
    known = set(DetectionFinding.model_fields)
    assert set(found) <= known
    assert model.finding_info.types == [str(kind)]
    assert model.type_uid == 200401
    assert model.unmapped == {
        "limit": 5,
        "ok": True,
        "role": "admin",
        "route": "/orders/{id}",
        "dropped": 1,
    }


@pytest.mark.parametrize(
    ("kind", "class_uid", "activity", "status"),
    [
        (EventKind.SIGN_IN_SUCCEEDED, 3002, 1, 1),
        (EventKind.SIGN_IN_FAILED, 3002, 1, 2),
        (EventKind.SIGNED_OUT, 3002, 2, 1),
        (EventKind.TOKEN_REFUSED, 3002, 99, 2),
        (EventKind.RIGHTS_CHANGED, 3003, 1, 1),
        (EventKind.LIMIT_EXCEEDED, 4002, 6, 2),
        (EventKind.FAILED, 4002, 6, 2),
        (EventKind.ATTACK_SEEN, 2004, 1, 1),
    ],
)
def test_ocsf_classes(kind: EventKind, class_uid: int, activity: int, status: int) -> None:
    found = shaped("ocsf", AuditRecord(event(kind)))
    got = (found["class_uid"], found["activity_id"], found["status_id"])
    assert got == (class_uid, activity, status)


def test_ocsf_tells_whose_rights_changed() -> None:
    found = shaped(
        "ocsf", AuditRecord(event(EventKind.RIGHTS_CHANGED, detail={"subject": "bob", "to": "x"}))
    )
    assert found["user"]["name"] == "bob"
    assert found["actor"]["user"]["name"] == "alice"
    assert found["privileges"] == ["x"]


def test_severities_are_mapped_in_both() -> None:
    levels = [
        (
            shaped("ecs", AuditRecord(event(EventKind.FAILED, severity=s)))["log.level"],
            shaped("ocsf", AuditRecord(event(EventKind.FAILED, severity=s)))["severity"],
        )
        for s in Severity
    ]
    assert levels == [
        ("info", "Informational"),
        ("notice", "Low"),
        ("warning", "Medium"),
        ("error", "High"),
        ("alert", "Critical"),
    ]


def test_a_shape_of_ones_own_and_one_that_is_none() -> None:
    assert line(
        lambda record: {"k": str(record.event.kind)}, AuditRecord(event(EventKind.FAILED))
    ) == ('{"k":"application.failed"}')
    with pytest.raises(GuardError, match="no shape"):
        shape_of("xml")  # type: ignore[arg-type]

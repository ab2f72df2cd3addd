"""Reads ``buckler-report/1``. docs/report.md and the JSON Schema say what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from buckler.core.finding import Confidence, Severity
from buckler.core.report import SCHEMA
from buckler.core.settings import ENGINES, LIVE
from buckler.watch.life import Looked
from buckler.watch.reports.document import Field
from buckler.watch.reports.values import Read, Seen

_RULE: Final = re.compile(r"[A-Z]{3}[0-9]{3}")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
_GRADES: Final = ("A+", "A", "B", "C", "D", "E", "F")
_PACKAGES: Final = "packages"
_ENGINES: Final = (*ENGINES, LIVE)
_SHOWN: Final = ("cwe", "owasp", "asvs", "control", "excerpt", "proof", "fix", "context")
MOST_PACKAGES: Final = 20_000
AHEAD: Final = timedelta(days=1)


def read(report: Field) -> Read:
    """The report.

    Raises:
        RefusedError: It is none; the message begins with the field that is wrong.
    """
    if report["schema"].text() != SCHEMA:
        raise report["schema"].wrong(f"is not {SCHEMA}")
    engines = frozenset(report["target"]["engines"].names())
    if not engines or not engines <= set(_ENGINES):
        raise report["target"]["engines"].wrong(f"must be of {', '.join(_ENGINES)}")
    provisional = _flag(report["provisional"])
    grade = report["grade"].text(needed=True)
    if grade not in _GRADES:
        raise report["grade"].wrong(f"is none of {', '.join(_GRADES)}")
    score = _within(report["score"], 100)
    coverage = report["coverage"]
    operations = _operations(coverage)
    failed = report["failed"].text(most=500)
    return Read(
        findings=tuple({f.fingerprint: f for f in _findings(report, engines)}.values()),
        looked=Looked(
            whole=not provisional and not failed,
            engines=engines,
            rules=frozenset(report["rules_run"].names()) - frozenset(report["broken"].names()),
            operations=operations,
            unread=frozenset(_unread(coverage)),
        ),
        grade="" if provisional else grade,
        score=None if provisional or score is None else int(score),
        reached=_within(coverage["reached_share"], 1) if operations else None,
        packages=_packages(report) if _PACKAGES in engines else None,
        date=_date(coverage["packages"]["date"]),
        failed=failed,
    )


def _findings(report: Field, engines: frozenset[str]) -> Iterator[Seen]:
    # What a baseline names is there all the same; watch has a memory of its own.
    for name in ("findings", "known"):
        for item in report[name].rows():
            yield _finding(item, engines, "")
    for item in report["suppressed"].rows():
        why = item["suppression"]["reason"].text(most=1000)
        yield _finding(item, engines, why or "set apart beside the code")


def _finding(item: Field, engines: frozenset[str], suppression: str) -> Seen:
    rule, fingerprint = item["id"].text(needed=True), item["fingerprint"].text(needed=True)
    if not _RULE.fullmatch(rule):
        raise item["id"].wrong("is no id of a rule")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise item["fingerprint"].wrong("is no fingerprint")
    place = item["location"]
    confidence = item["confidence"].text()
    if confidence not in list(Confidence):
        raise item["confidence"].wrong(f"is none of {', '.join(Confidence)}")
    table = item.table()
    advised = rule.startswith("PKG") or any(
        proof["kind"].text() == "advisory" for proof in item["proof"].rows()
    )
    return Seen(
        fingerprint=fingerprint,
        rule=rule,
        title=item["title"].text(most=300),
        severity=severity(item["severity"]),
        confidence=confidence,
        message=item["message"].text(),
        path=place["path"].text(most=1000) or None,
        line=place["line"].line(),
        operation=place["operation"].text(most=1000) or None,
        slot=place["slot"].text(most=300) or None,
        subject=item["subject"].text(most=1000),
        engines=engines & {_PACKAGES} if advised else engines - {_PACKAGES} or engines,
        detail={key: table[key] for key in _SHOWN if key in table},
        suppression=suppression,
    )


def severity(item: Field) -> Severity:
    """A severity.

    Raises:
        RefusedError: It is none.
    """
    text = item.text(needed=True)
    if text not in list(Severity):
        raise item.wrong(f"is none of {', '.join(Severity)}")
    return Severity(text)


def _operations(coverage: Field) -> dict[str, tuple[bool, bool]]:
    found = {}
    for item in coverage["by_operation"].rows():
        slots, attacked = item["slots"].number() or 0, item["attacked"].number() or 0
        name = item["operation"].text(needed=True, most=1000)
        found[name] = (_flag(item["reached"]), attacked >= slots)
    return found


def _unread(coverage: Field) -> Iterator[str]:
    """Files that a gap names, with or without a line."""
    for gap in coverage["gaps"].rows():
        path, colon, line = gap["what"].text(most=1000).rpartition(":")
        yield path if colon and line.isdigit() else gap["what"].text(most=1000)


def _packages(report: Field) -> tuple[Mapping[str, Any], ...] | None:
    pins = report["coverage"]["packages"]["pins"]
    return None if pins.value is None else tuple(item.table() for item in pins.rows(MOST_PACKAGES))


def _date(item: Field) -> str:
    """Of advisories; an empty text where it is none or lies ahead: nothing later would ever count against it."""
    text = item.text(most=40)
    try:
        moment = datetime.fromisoformat(text)
        known = moment.replace(tzinfo=moment.tzinfo or UTC)
    except ValueError:
        return ""
    return text if known <= datetime.now(UTC) + AHEAD else ""


def _within(item: Field, most: int) -> float | None:
    number = item.number()
    if number is not None and not 0 <= number <= most:
        raise item.wrong(f"is no number from 0 to {most}")
    return number


def _flag(item: Field) -> bool:
    if not isinstance(item.value, bool):
        raise item.wrong("is neither true nor false")
    return item.value

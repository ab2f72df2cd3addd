"""When the advisories change, what every target has is matched again at once; nothing is scanned."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row

from buckler.core.errors import AdvisoryError
from buckler.core.finding import Finding
from buckler.core.registry import Registry
from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.kept import match_again
from buckler.scan.engines.packages.seen import ChecksPackage
from buckler.scan.scanner import RULES
from buckler.watch import ingest
from buckler.watch.db import findings, inventories, scans, targets
from buckler.watch.db.database import Database
from buckler.watch.errors import MissingError
from buckler.watch.interface import SYSTEM
from buckler.watch.life import Looked, State
from buckler.watch.reports.values import Read, Seen
from buckler.watch.writing import ADVISED, ADVISORIES

log = logging.getLogger("buckler.watch")
ENGINES: Final = frozenset({"packages"})


def rematch(database: Database, path: Path, now: float) -> int:
    """Match the inventories that were matched with older advisories; how many those were.

    Args:
        database: Of the inventories.
        path: Of the index; where there is none nothing is done.
        now: Seconds since 1970.
    """
    if not path.is_file():
        return 0
    done, rule = 0, _rule()
    with database.alone(ADVISORIES), Index(path) as index:
        while True:
            with database.read() as connection:
                rows = inventories.outdated(connection, index.about.date)
            for row in rows:
                _one(database, row, index, rule, now)
            done += len(rows)
            if not rows:
                return done


def _one(database: Database, row: Row[Any], index: Index, rule: Any, now: float) -> None:
    date = index.about.date
    try:
        found, own = list(match_again(row.packages, index, [rule])), _own(row.packages)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # A report that was pushed may hold anything: it is matched again when the next one comes.
        log.warning("the packages of target %s cannot be read: %s", row.target_id, error)
        found, own = None, frozenset()
    with database.write() as connection:
        try:
            targets.get(connection, SYSTEM, row.target_id, lock=True)
        except MissingError:
            return
        if found is not None:
            report = _report(connection, row, found, own, rule, date)
            scan_id = scans.pushed(connection, SYSTEM, row.target_id, now, kind=ADVISORIES)
            taken = ingest.take(connection, scan_id, 1, report, b"", now)
            if not taken.changes:
                scans.forget(connection, scan_id)
        inventories.dated(connection, row.target_id, date)


def _own(packages: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Packages and the weaknesses that records of the project's own name are about."""
    return frozenset((item["name"], name) for item in packages for name in item.get("own", ()))


def _report(
    connection: Connection,
    row: Row[Any],
    found: Sequence[Finding],
    own: Collection[tuple[str, ...]],
    rule: Any,
    date: str,
) -> Read:
    """What a scan of the packages alone would report; what the project itself says stays as it is."""
    known = {one.fingerprint: one for one in findings.of_target(connection, row.target_id)}
    apart = {
        key: one.reason or "set apart beside the code"
        for key, one in known.items()
        if one.by_code and one.state == State.FALSE_ALARM.value
    }
    stated = {
        key
        for key, one in known.items()
        if one.rule == ADVISED and tuple(one.subject.split(" ", 1)) in own
    }
    return Read(
        findings=tuple(
            _seen(one, rule, apart.get(one.fingerprint, ""))
            for one in found
            if one.fingerprint not in stated
        ),
        looked=Looked(
            whole=True,
            engines=ENGINES,
            rules=frozenset({ADVISED}),
            unseen=frozenset(stated),
        ),
        date=date,
    )


def _seen(finding: Finding, rule: Any, suppression: str) -> Seen:
    place = finding.location
    return Seen(
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        title=rule.title,
        severity=finding.severity,
        confidence=finding.confidence.value,
        message=finding.message,
        path=place.path,
        line=place.line,
        subject=finding.subject,
        engines=ENGINES,
        detail={"cwe": list(rule.cwe), "proof": [proof.as_dict() for proof in finding.proof]},
        suppression=suppression,
    )


def _rule() -> Any:
    for rule in Registry.load(RULES):
        if rule.id == ADVISED and isinstance(rule, ChecksPackage):
            return rule
    raise AdvisoryError(f"there is no rule {ADVISED}")

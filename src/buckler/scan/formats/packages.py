"""What is known of a project's packages, for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from buckler.core.events import GapFound
from buckler.core.finding import Finding
from buckler.scan.engines.packages.engine import PackagesEngine
from buckler.scan.engines.packages.reach.level import Reach
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages.known_vulnerability import rated, subject_of

SCHEMA: Final = "buckler-packages/1"
MOST_FILES: Final = 4


def document(
    engine: PackagesEngine,
    findings: Sequence[Finding],
    gaps: Sequence[GapFound],
    answered: Mapping[str, str],
) -> dict[str, Any]:
    """JSON values: inventories, what was matched with what, packages, findings and gaps."""
    coverage = engine.coverage()
    return {
        "schema": SCHEMA,
        "inventories": [
            {"path": i.path, "kind": i.kind, "packages": len(i.packages), "python": i.python}
            for i in engine.inventories
            if i.packages
        ],
        "advisories": {
            "records": coverage.advisories,
            "date": coverage.date,
            "outdated": coverage.outdated,
        },
        "packages": [_package(seen, answered) for seen in engine.seen],
        "findings": [
            {
                "rule": f.rule,
                "severity": f.severity.value,
                "confidence": f.confidence.value,
                "message": f.message,
                "fingerprint": f.fingerprint,
                "subject": f.subject,
                **f.location.as_dict(),
            }
            for f in findings
        ],
        "gaps": [gap.as_dict() for gap in gaps],
    }


def _package(seen: PackageSeen, answered: Mapping[str, str]) -> dict[str, Any]:
    package = seen.package
    return {
        "name": package.name,
        "version": package.version,
        "direct": package.direct,
        "groups": list(package.groups),
        "source": package.source,
        "places": [{"path": path, "line": line} for path, line in seen.places],
        "way": list(seen.way),
        "reach": _reach(seen.reach),
        "upgrade": seen.upgrade,
        "blocked": [
            {"by": b.by, "version": b.version, "name": b.name, "specifier": b.specifier}
            for b in seen.blockers
        ],
        "weaknesses": [
            {
                "name": weakness.name,
                "aliases": list(weakness.names[1:]),
                "severity": rated(seen, weakness).value,
                "stated": weakness.severity.value if weakness.severity else None,
                "fixed": weakness.fixed,
                "exploited": weakness.exploited,
                "likelihood": weakness.likelihood,
                "summary": weakness.summary,
                "reach": _reach(seen.reach_of(weakness)),
                "answered": answered.get(subject_of(seen, weakness), ""),
            }
            for weakness in seen.weaknesses
        ],
    }


def _reach(reach: Reach) -> dict[str, Any]:
    return {
        "level": reach.level.value,
        "by": reach.by,
        "operation": reach.operation,
        "steps": [list(step) for step in reach.steps],
    }

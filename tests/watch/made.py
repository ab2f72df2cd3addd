"""Reports as the scanner writes them, put together by hand, and targets to take them in."""

from __future__ import annotations

import json
from typing import Any

from buckler.watch import ingest
from buckler.watch.db import targets
from buckler.watch.db.database import Database
from buckler.watch.ingest import Taken
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.reports import document, own

RULES = ["INJ001", "INJ002", "PKG004"]


def finding(number: int, rule: str = "INJ001", **changes: Any) -> dict[str, Any]:
    """A finding with everything that the schema asks for."""
    return {
        "id": rule,
        "rule": "sql-injection",
        "title": "SQL injection",
        "severity": "high",
        "confidence": "suspected",
        "message": f"Input reaches statement {number}.",
        "cwe": [89],
        "owasp": [],
        "asvs": [],
        "control": "",
        "location": {"path": "main.py", "line": number + 1, "operation": None, "slot": None},
        "subject": "",
        "fingerprint": f"{number:016x}",
        "excerpt": [],
        "proof": [],
        "fix": None,
        "guide": "docs/rules/INJ001.md",
        "context": {},
        **changes,
    }


def report(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A report of a scan that came to its end."""
    return {
        "schema": "buckler-report/1",
        "tool": {"name": "buckler", "version": "0"},
        "target": {"name": "shop", "engines": ["source", "packages"]},
        "grade": "B",
        "score": 80,
        "score_version": "1",
        "provisional": False,
        "exit": {"code": 0, "reason": ""},
        "counts": {},
        "findings": list(findings),
        "known": [],
        "suppressed": [],
        "rules": {},
        "rules_run": RULES,
        "coverage": {"by_operation": [], "gaps": [], "reached_share": 1.0},
        "failed": "",
        "broken": [],
        "timing": {"started": None, "total": 1.0, "engines": {}},
        **changes,
    }


def target(database: Database, caller: Caller = SYSTEM, **values: Any) -> str:
    """A target of the caller's; its id."""
    rest = {
        "name": "shop",
        "kind": "pushed",
        "location": "",
        "branch": "main",
        "trusted": False,
        "schedule": "",
        "zone": "UTC",
        "rules": {},
        "sla": {},
    }
    with database.write() as connection:
        return targets.add(connection, caller, {**rest, **values}, 1000.0)


def push(
    database: Database,
    target_id: str,
    made: dict[str, Any],
    now: float,
    *,
    branch: str | None = None,
) -> Taken:
    """Take a report in, as one that was made elsewhere."""
    body = json.dumps(made).encode()
    read = own.read(document.load(body))
    return ingest.push(database, SYSTEM, target_id, read, body, now, branch=branch)[1]

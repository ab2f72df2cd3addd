"""Known findings by fingerprint, in a file that is read by people and kept in the repository."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from buckler.core.errors import BaselineError
from buckler.core.finding import Finding
from buckler.core.report import Report

SCHEMA = "buckler-baseline/1"
_AGAIN = "restore it from the repository, or write it anew with --update-baseline"


def write(path: Path, findings: Iterable[Finding]) -> int:
    """Write the fingerprints, each with what it is, and give their number.

    Raises:
        BaselineError: The file cannot be written.
    """
    rows = [
        {
            "fingerprint": f.fingerprint,
            "rule": f.rule,
            "operation": f.location.operation,
            "path": f.location.path,
            "message": f.message,
        }
        for f in findings
    ]
    document = {"schema": SCHEMA, "findings": sorted(rows, key=lambda row: str(row["fingerprint"]))}
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"{path} cannot be written: {error.strerror}") from error
    return len(rows)


def read(path: Path) -> frozenset[str]:
    """The fingerprints in a baseline.

    Raises:
        BaselineError: The file cannot be read or is not one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BaselineError(
            f"the baseline {path} cannot be read: {error.strerror}",
            hint="--update-baseline writes one",
        ) from error
    except UnicodeDecodeError as error:
        raise BaselineError(f"{path} is not a baseline: it is no UTF-8", hint=_AGAIN) from error
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise BaselineError(f"{path}: the schema is {document['schema']!r}, not {SCHEMA!r}")
        return frozenset(str(row["fingerprint"]) for row in document["findings"])
    except (json.JSONDecodeError, RecursionError) as error:
        at = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BaselineError(f"{path} is not a baseline: it is no JSON{at}", hint=_AGAIN) from error
    except (KeyError, TypeError) as error:
        raise BaselineError(
            f"{path} is not a baseline: it has no list of findings with fingerprints", hint=_AGAIN
        ) from error


def apart(report: Report, known: frozenset[str]) -> Report:
    """The report with the findings of a baseline set apart."""
    return replace(
        report,
        findings=tuple(f for f in report.findings if f.fingerprint not in known),
        known=tuple(f for f in report.findings if f.fingerprint in known),
    )

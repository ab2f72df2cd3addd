"""Known findings by fingerprint, in a file that is read by people and kept in the repository."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from buckler.core.errors import BaselineError
from buckler.core.finding import Finding

SCHEMA = "buckler-baseline/1"


def write(path: Path, findings: Iterable[Finding]) -> None:
    """Write the fingerprints, each with what it is."""
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
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read(path: Path) -> frozenset[str]:
    """The fingerprints in a baseline.

    Raises:
        BaselineError: The file cannot be read or is not one.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise BaselineError(f"{path}: the schema is {document['schema']!r}, not {SCHEMA!r}")
        return frozenset(str(row["fingerprint"]) for row in document["findings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaselineError(
            f"{path} is not a baseline: {error!r}", hint="--update-baseline writes one"
        ) from error

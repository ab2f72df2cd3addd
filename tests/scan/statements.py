"""Prints what a scan without any option finds that ends in a statement: ``statements.py FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from buckler.scan.engines.app.servers.bring import KINDS
from tests.conftest import scan_folder


def main(folder: Path) -> None:
    """Scan it, and print servers, findings and what of it is marked."""
    report = scan_folder(folder)
    found = [
        (finding, proof.data)
        for finding in report.findings
        for proof in finding.proof
        if proof.data.get("sink") in ("sql", "key")
    ]
    print(
        json.dumps(
            {
                "failed": report.failed,
                "programs": [kind for kind, server in KINDS.items() if server.program()],
                "answered": sorted(set(report.coverage.servers.values())),
                "reached": report.coverage.reached_share,
                "gaps": [gap.why for gap in report.coverage.gaps],
                "found": sorted(
                    {f"{f.rule} {f.location.operation} {f.location.slot}" for f, _ in found}
                ),
                "unmarked": [
                    f.rule
                    for f, data in found
                    # SQLite needs no server, so nothing stands in for one.
                    if data.get("answered_by") != "stand-in" and "sqlite" not in data["call"]
                ],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Inline exceptions: ``# buckler: ignore[INJ001] reason``. A reason is required."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from buckler.core.events import GapFound
from buckler.core.finding import Finding

_COMMENT = re.compile(r"#\s*buckler:\s*ignore\[([A-Z0-9,\s]+)\](.*)$")
Line = Callable[[str, int], str]


def suppressions(
    findings: Iterable[Finding], line: Line
) -> tuple[list[Finding], list[tuple[Finding, str]], list[GapFound]]:
    """Set apart what the code says is on purpose.

    The comment stands on the line of the finding or alone on the one above it.

    Returns:
        Findings that stay; those set apart, with the reason; complaints about comments
        without a reason, whose findings stay.
    """
    kept: list[Finding] = []
    apart: list[tuple[Finding, str]] = []
    complaints: list[GapFound] = []
    for finding in findings:
        place = finding.location
        reason = None
        for number in (place.line, place.line - 1) if place.path and place.line else ():
            matched = _COMMENT.search(line(place.path or "", number))
            if matched and finding.rule in {r.strip() for r in matched.group(1).split(",")}:
                reason = matched.group(2).strip(" -:")
                if not reason:
                    where = f"{place.path}:{number}"
                    complaints.append(
                        GapFound(
                            where,
                            "the ignore comment gives no reason, so it counts for nothing",
                            "write a reason behind it",
                        )
                    )
                    reason = None
                break
        if reason:
            apart.append((finding, reason))
        else:
            kept.append(finding)
    return kept, apart, complaints

"""What became of a flow that the source showed: whether the attack engine came to it, and what it found.

A suspicion stays one where nothing was sent, and where what was sent did not arrive; the report
says which of the two it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from buckler.core.finding import Confidence, Finding, Proof
from buckler.core.report import Coverage, OperationCoverage

_CONVERTER: Final = re.compile(r"(?<=\w):\w+(?=})")
"""Of a path parameter: the source names it (``{name:path}``), the running application does not."""


def followed(findings: Iterable[Finding], coverage: Coverage, *, attacks: bool) -> list[Finding]:
    """The findings, each suspected flow with what is known of its attack, and its operation.

    Args:
        findings: Merged.
        coverage: How far each operation was looked at.
        attacks: Whether payloads were sent at all.
    """
    known = {state.operation: state for state in coverage.operations}
    return [_told(finding, known, attacks) for finding in findings]


def _told(finding: Finding, known: dict[str, OperationCoverage], attacks: bool) -> Finding:
    flows = [p for p in finding.proof if p.kind == "flow" and "source" in p.data]
    if not flows or finding.confidence is not Confidence.SUSPECTED:
        return finding
    proofs = tuple(
        Proof("flow", {**p.data, "attack": _attack(p.data, known, attacks)}) if p in flows else p
        for p in finding.proof
    )
    operation = _operation(flows[0].data)
    place = finding.location
    if place.operation is None and operation in known:
        place = replace(place, operation=operation, slot=flows[0].data.get("slot") or None)
    return replace(finding, proof=proofs, location=place)


def _attack(data: Any, known: dict[str, OperationCoverage], attacks: bool) -> str:
    state = known.get(_operation(data))
    if not attacks or state is None:
        return "not tried: nothing was sent there"
    if not state.reached:
        return f"not tried: {state.operation} was not reached ({state.why or 'no reason is known'})"
    if not data.get("slot"):
        return "not tried: no slot of a request leads there"
    return "payloads were sent, and none was seen to arrive"


def _operation(data: Any) -> str:
    """The operation of a flow as the coverage names it."""
    return _CONVERTER.sub("", str(data.get("operation", "")))

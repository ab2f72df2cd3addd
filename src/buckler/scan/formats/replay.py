"""Writes a finding as a test that a project can keep: red while the hole is open.

What a report says comes from the scanned application: a route, an input, a payload. In a test it
would run with the rights of whoever keeps it (CWE-94). So everything is written as an ASCII
literal, and the name of the function is made of ASCII letters, digits and underscores.
The test starts the application in the box, so that its attack does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.scan.formats import view

MAX_NAME = 100
MAX_NOTE = 4000


def pytest_of(report: Report, finding: Finding) -> str:
    """The finding of a report as a test."""
    place = finding.location
    data = {
        "id": finding.rule,
        "title": view.title(report, finding),
        "message": finding.message,
        "fingerprint": finding.fingerprint,
        "location": {"path": place.path, "operation": place.operation, "slot": place.slot},
        "proof": [{"kind": proof.kind, **proof.data} for proof in finding.proof],
    }
    return as_pytest(data, main=str(report.target.get("main") or ""))


def as_pytest(finding: Mapping[str, Any], *, main: str = "", project_rules: bool = False) -> str:
    """The finding as a test that fails while it holds.

    The test finds the project by looking upwards from its own file, so it can lie in any folder
    of it.

    Args:
        finding: As in the JSON report.
        main: File of the application relative to the project's folder.
        project_rules: Whether the test may import the rules that the project's settings name.
    """
    place = finding["location"]
    proof: Mapping[str, Any] = next(
        (p for p in finding.get("proof") or () if p.get("kind") == "exchange"), {}
    )
    note = "\n".join(
        str(text)
        for text in (finding.get("title"), finding.get("message"), proof.get("curl"))
        if text
    )
    lines = [
        "from buckler.scan.replaying import check, project_of",
        "",
        f"PROJECT = project_of(__file__, holds={_literal(main or place.get('path') or 'pyproject.toml')})",
        f"NOTE = {_literal(note[:MAX_NOTE])}",
        "",
        "",
        f"def test_{_name(finding['id'], place.get('operation'), place.get('slot'))}() -> None:",
        "    result = check(",
        "        PROJECT,",
        f"        rule={_literal(finding['id'])},",
        f"        operation={_literal(place.get('operation'))},",
        f"        slot={_literal(place.get('slot'))},",
        f"        fingerprint={_literal(finding.get('fingerprint') or '')},",
        f"        project_rules={bool(project_rules)},",
        "    )",
        "    assert not result.holds, result.text",
    ]
    return "\n".join(lines)


def _literal(value: object) -> str:
    """``None`` or a text as Python source: printable ASCII on one line."""
    return "None" if value is None else ascii(str(value))


def _name(*words: object) -> str:
    text = " ".join(str(word) for word in words if word)
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:MAX_NAME]

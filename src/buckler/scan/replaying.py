"""Sends the proof of a finding again, and writes it as a test.

The application is started afresh and signed in to; then the one rule attacks the one
operation, or looks again at what it had observed. Ids and tokens are new each time, so the
request is made anew from the same payload rather than copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buckler.core.settings import Settings
from buckler.scan.engines.app.session import Options
from buckler.scan.scanner import Scanner, load_rules
from buckler.scan.target import Target


@dataclass(frozen=True, slots=True)
class Replayed:
    """Whether the proof still holds, and a sentence that says so."""

    holds: bool
    text: str


def replay(
    target: Target, settings: Settings, options: Options, finding: Mapping[str, Any]
) -> Replayed:
    """Try one finding again.

    Args:
        target: Where the application lives.
        settings: Of the scan; identities and the like.
        options: How to run it.
        finding: As in the JSON report.
    """
    settings = replace(settings, select=(str(finding["id"]),), ignore=())
    place = finding["location"]
    rules = load_rules(settings, target.folder).select(settings.select, ())
    only = frozenset({str(place["operation"])}) if place.get("operation") else None
    report = Scanner(target, settings, options, rules, only=only).scan()
    same = [
        f
        for f in report.findings
        if f.fingerprint == finding["fingerprint"]
        or (
            place.get("operation")
            and f.location.operation == place["operation"]
            and f.location.slot == place["slot"]
        )
    ]
    where = " ".join(str(part) for part in (place.get("operation"), place.get("slot")) if part)
    name = f"{finding['id']} {finding['title']}" + (f" at {where}" if where else "")
    if report.failed:
        return Replayed(True, f"{name}: could not be tried again: {report.failed}")
    if not same:
        return Replayed(False, f"{name}: does not hold any more")
    found = same[0]
    at = f" ({found.location.path}:{found.location.line})" if found.location.path else ""
    return Replayed(True, f"{name}: still holds, {found.confidence}{at}")


def check(folder: str | Path, *, rule: str, operation: str | None, slot: str | None) -> Replayed:
    """For tests: does this weakness exist in the application of a folder?

    Args:
        folder: Of the project; its settings hold.
        rule: Id of the rule.
        operation: ``METHOD /route``.
        slot: ``query:q`` and the like; None for a weakness without one.
    """
    from buckler.core.settings import load
    from buckler.scan.discover import discover, folder_of

    settings = load(folder_of(str(folder)))
    finding = {
        "id": rule,
        "title": "",
        "fingerprint": "",
        "location": {"operation": operation, "slot": slot},
    }
    return replay(discover(str(folder), settings), settings, Options(seed=settings.seed), finding)


def as_pytest(finding: Mapping[str, Any]) -> str:
    """The finding as a test that fails while it holds."""
    place = finding["location"]
    words = " ".join(str(place.get(k) or "") for k in ("operation", "slot"))
    name = re.sub(r"\W+", "_", f"{finding['id']} {words}").strip("_").lower()
    proof: Mapping[str, Any] = next(
        (p for p in finding.get("proof", ()) if p.get("kind") == "exchange"), {}
    )
    curl = str(proof.get("curl", "")).replace("\\", "\\\\").replace('"""', "'''")
    lines = [
        "from pathlib import Path",
        "",
        "from buckler.scan.replaying import check",
        "",
        "",
        f"def test_{name}() -> None:",
        f'    """{_plain(finding["title"])}: {_plain(finding["message"])}',
        "",
        f"    {_plain(curl)}",
        '    """',
        "    result = check(",
        "        Path(__file__).parent.parent,",
        f"        rule={finding['id']!r},",
        f"        operation={place.get('operation')!r},",
        f"        slot={place.get('slot')!r},",
        "    )",
        "    assert not result.holds, result.text",
    ]
    return "\n".join(lines)


def _plain(text: object) -> str:
    return "".join(c for c in str(text) if c.isprintable())

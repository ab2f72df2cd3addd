"""Sends the proof of a finding again; the test that formats/replay.py writes calls it.

The application is started afresh and signed in to; then the one rule attacks the one
operation, or looks again at what it had observed. Ids and tokens are new each time, so the
request is made anew from the same payload rather than copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buckler.core.errors import UsageError
from buckler.core.report import Report
from buckler.core.settings import Settings
from buckler.scan.engines.app.session import Options
from buckler.scan.scanner import Scanner, load_rules
from buckler.scan.target import Target


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a proof.

    Attributes:
        holds: Whether it still holds; true where it could not be tried, so that a test fails.
        text: A sentence that says so.
        tried: False where the application does not run or the operation is gone.
    """

    holds: bool
    text: str
    tried: bool = True


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
    title = finding["title"] or rules[0].title
    name = f"{finding['id']} {title}" + (f" at {where}" if where else "")
    why = _untried(report, settings, place.get("operation"))
    if why and not same:
        return Replayed(True, f"{name}: could not be tried again: {why}", tried=False)
    if not same:
        return Replayed(False, f"{name}: does not hold any more")
    found = same[0]
    at = f" ({found.location.path}:{found.location.line})" if found.location.path else ""
    return Replayed(True, f"{name}: still holds, {found.confidence}{at}")


def _untried(report: Report, settings: Settings, operation: str | None) -> str:
    """Why a finding that did not show says nothing; empty where it does."""
    if report.failed:
        return report.failed
    if report.broken:
        return f"internal error in rule {', '.join(report.broken)}"
    if not operation or not report.operations_expected:
        return ""
    if operation in settings.exclude:
        return "the operation is excluded"
    if operation not in {row.operation for row in report.coverage.operations}:
        return f"the operation is gone: there is no {operation}"
    return ""


def project_of(file: str | Path, *, holds: str) -> Path:
    """The folder of the project that a test is for: the nearest above it with a certain file.

    Args:
        file: ``__file__`` of the test.
        holds: A file of the project, relative to its folder, with ``/``.

    Raises:
        UsageError: No folder above the test has it.
    """
    for folder in Path(file).resolve().parents:
        if (folder / holds).is_file():
            return folder
    raise UsageError(
        f"no folder above {file} holds {holds}",
        hint="put the test into the project, or set PROJECT in it to the project's folder",
    )


def check(
    folder: str | Path,
    *,
    rule: str,
    operation: str | None,
    slot: str | None,
    fingerprint: str = "",
    project_rules: bool = False,
) -> Replayed:
    """For tests: does this weakness exist in the application of a folder?

    Args:
        folder: Of the project; its settings hold.
        rule: Id of the rule.
        operation: ``METHOD /route``.
        slot: ``query:q`` and the like; None for a weakness without one.
        fingerprint: Tells a finding that is at no operation from others of its rule.
        project_rules: Whether to import the rules that the project's settings name, which are
            code that no box stands around.
    """
    from buckler.core.settings import load
    from buckler.scan.discover import discover, folder_of

    settings = load(folder_of(str(folder)))
    if not project_rules:
        settings = replace(settings, rules=())
    finding = {
        "id": rule,
        "title": "",
        "fingerprint": fingerprint,
        "location": {"operation": operation, "slot": slot},
    }
    return replay(discover(str(folder), settings), settings, Options(seed=settings.seed), finding)
